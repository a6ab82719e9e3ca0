"""Payments' part of the API, /api/v1/."""

from django.urls import path

from payments.api import CheckoutView, LinkRefundsView, PaymentView, RefundsView

urlpatterns = [
    path("drafts/<str:draft_id>/checkout/", CheckoutView.as_view(), name="checkout"),
    path("payments/<str:payment_id>/", PaymentView.as_view(), name="payment"),
    path("payments/<str:payment_id>/refunds/", RefundsView.as_view(), name="refunds"),
    path("link-payments/<str:payment_id>/refunds/", LinkRefundsView.as_view(), name="link-refunds"),
]
