"""When an order is over whose money went back, for its photos' sake (O8)."""

import datetime

import pytest
from django.utils import timezone

from orders import photo_retention, services
from orders.tests.factories import OrderFactory
from payments.models import PaymentAttempt, PaymentEvent

pytestmark = pytest.mark.django_db


def ago(days: int) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=days)


def due(days: int) -> set[str]:
    return {order.number for order in photo_retention.due(days)}


def test_a_cancelled_order_is_counted_from_its_last_event_and_a_refunded_one_from_its_payments() -> None:
    cancelled = OrderFactory(paid=True, paid_at=ago(100))
    services.cancel(cancelled)
    refunded = OrderFactory(paid=True, paid_at=ago(100), payment_state="refunded")
    attempt = PaymentAttempt.objects.create(order=refunded, amount_cents=460, method="checkout")
    PaymentEvent.objects.create(attempt=attempt, kind="refund_succeeded", at=ago(59))
    assert due(60) == set()
    assert due(58) == {refunded.number}
    unpaid = OrderFactory(state="cancelled")
    assert unpaid.number not in due(1)
