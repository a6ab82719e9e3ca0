"""Histories of payments and links speak the owner's language (O6)."""

import pytest
from django.test import Client
from django.utils import timezone

from orders.tests.factories import OrderFactory
from payments.models import LinkEvent, LinkPayment, PaymentAttempt, PaymentEvent, PaymentLink

PT = {"accept-language": "pt"}


@pytest.mark.django_db
def test_the_owner_reads_a_payments_history_in_words(owner_client: Client) -> None:
    attempt = PaymentAttempt.objects.create(
        order=OrderFactory(paid=True), method="checkout", amount_cents=460, expires_at=timezone.now()
    )
    PaymentEvent.objects.create(attempt=attempt, kind="refund_asked", from_state="pending", to_state="confirmed")
    page = owner_client.get(f"/admin/payments/paymentattempt/{attempt.pk}/change/", headers=PT).content.decode()
    assert "reembolso pedido" in page
    assert "refund_asked" not in page


@pytest.mark.django_db
def test_the_owner_reads_a_links_history_in_words(owner_client: Client) -> None:
    link = PaymentLink.objects.create(amount_cents=5000, description="Sessão")
    payment = LinkPayment.objects.create(link=link, amount_cents=5000, expires_at=timezone.now())
    LinkEvent.objects.create(link=link, kind="made")
    LinkEvent.objects.create(link=link, payment=payment, kind="dispute_lost", to_state="confirmed")
    page = owner_client.get(f"/admin/payments/paymentlink/{link.pk}/change/", headers=PT).content.decode()
    assert "link criado" in page
    page = owner_client.get(f"/admin/payments/linkpayment/{payment.pk}/change/", headers=PT).content.decode()
    assert "contestação perdida" in page
    assert "dispute_lost" not in page
