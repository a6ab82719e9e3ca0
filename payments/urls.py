"""Payments' pages and webhooks."""

from django.urls import path, re_path

from payments import cancelling_views, element_views, link_checkout_views, link_views, views, webhooks

urlpatterns = [
    path("checkout/", views.pay, name="pay"),
    re_path(r"^pay/(?P<payment>pay_[0-9a-f]{32})/$", element_views.element, name="payment-element"),
    re_path(r"^pay/(?P<token>[0-9a-f]{32})/$", link_views.link_page, name="payment-link"),
    re_path(r"^pay/(?P<token>[0-9a-f]{32})/return/$", link_views.link_return, name="payment-link-return"),
    path("checkout/return/", views.checkout_return, name="checkout-return"),
    re_path(r"^checkout/back/(?P<payment>pay_[0-9a-f]{32})/$", link_checkout_views.back, name="checkout-back"),
    path("orders/<str:number>/pay/", link_checkout_views.pay_order, name="order-pay"),
    path("orders/<str:number>/cancel/", cancelling_views.cancel, name="order-cancel"),
    path("webhooks/stripe/", webhooks.stripe, name="webhook-stripe"),
]
