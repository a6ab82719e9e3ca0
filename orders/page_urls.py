"""The customer's pages."""

from django.urls import path

from orders import (
    coupon_views,
    information,
    locality_views,
    order_views,
    photo_views,
    question_views,
    reordering_views,
    views,
)

urlpatterns = [
    path("", views.home, name="home"),
    path("photos/", photo_views.upload_form, name="upload"),
    path("prints/", views.prints, name="prints"),
    path("delivery/", views.delivery, name="delivery"),
    path("delivery/locality/", locality_views.locality, name="locality"),
    path("coupon/", coupon_views.coupon, name="coupon"),
    path("review/", views.review, name="review"),
    path("orders/<str:number>/", order_views.order, name="order"),
    path("orders/<str:number>/photos/<int:seq>.jpg", order_views.order_photo, name="order-photo"),
    path("orders/<str:number>/photos/<int:seq>/again/", order_views.order_photo_again, name="order-photo-again"),
    path("orders/<str:number>/reorder/", reordering_views.reorder, name="order-reorder"),
    path("orders/<str:number>/ask/", question_views.ask, name="order-ask"),
    path("reorder/<str:number>/", reordering_views.reordering_page, name="reordering"),
    path("legal/<slug:kind>/", information.legal, name="legal"),
    path("legal/<slug:kind>/<str:version>/", information.legal, name="legal-version"),
    path("theme.css", information.theme, name="theme"),
    path("logo/", information.logo, name="logo"),
]
