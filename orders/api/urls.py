"""The API's addresses, /api/v1/. Payments adds its own in photoorders/urls.py."""

from django.urls import path

from orders.api.draft_views import DeliveryView, DraftsView, DraftView, ItemsView
from orders.api.order_views import OrderPhotoView, OrdersView, OrderView
from orders.api.product_views import ProductsView
from orders.coupon_views import CouponView
from orders.photo_views import PhotosView, PhotoView, PreviewView

app_name = "api"

urlpatterns = [
    path("products/", ProductsView.as_view(), name="products"),
    path("drafts/", DraftsView.as_view(), name="drafts"),
    path("drafts/<str:draft_id>/", DraftView.as_view(), name="draft"),
    path("drafts/<str:draft_id>/items/", ItemsView.as_view(), name="items"),
    path("drafts/<str:draft_id>/delivery/", DeliveryView.as_view(), name="delivery"),
    path("drafts/<str:draft_id>/coupon/", CouponView.as_view(), name="coupon"),
    path("drafts/<str:draft_id>/photos/", PhotosView.as_view(), name="photos"),
    path("drafts/<str:draft_id>/photos/<str:photo_id>/", PhotoView.as_view(), name="photo"),
    path("drafts/<str:draft_id>/photos/<str:photo_id>/preview/", PreviewView.as_view(), name="photo-preview"),
    path("orders/", OrdersView.as_view(), name="orders"),
    path("orders/<str:number>/", OrderView.as_view(), name="order"),
    path("orders/<str:number>/photos/<int:seq>/", OrderPhotoView.as_view(), name="order-photo"),
]
