"""A Multibanco voucher about to run out: the customer gets entity and reference once more, a day before (C29)."""

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from orders import vouchers
from orders.models import Order
from outbox.services import enqueue
from payments import attempts, link_payments, link_rows
from payments.models import LinkPayment, PaymentAttempt

BEFORE = datetime.timedelta(days=1)
NOT_SOONER = datetime.timedelta(hours=12)  # after the voucher's own mail


def run() -> int:
    """Plans the reminders that are due, one a voucher; how many are. Of what is not to be paid any more nobody is reminded
    (C6)."""
    now = timezone.now()
    return _of_orders(now) + _of_links(now)


def _of_orders(now: datetime.datetime) -> int:
    waiting = PaymentAttempt.objects.filter(
        state=PaymentAttempt.State.PENDING,
        voucher__isnull=False,
        created_at__lt=now - NOT_SOONER,
        order__payment_state=Order.PaymentState.AWAITING,
    )
    due = [attempt for attempt in waiting.select_related("order").iterator() if _last_day(attempt, now)]
    return sum(_remind(attempt.pk) for attempt in due if not vouchers.changed_since(attempt.order))


def _of_links(now: datetime.datetime) -> int:
    waiting = LinkPayment.objects.filter(
        state=LinkPayment.State.PENDING, voucher__isnull=False, created_at__lt=now - NOT_SOONER
    )
    due = [payment.pk for payment in waiting.iterator() if _last_day(payment, now)]
    return sum(_remind_payer(payment_id) for payment_id in due)


def _last_day(payment: PaymentAttempt | LinkPayment, now: datetime.datetime) -> bool:
    until = parse_datetime(str((payment.voucher or {}).get("expires_at") or ""))
    return until is not None and now < until <= now + BEFORE


def _remind(attempt_id: int) -> bool:
    """Nothing when it was paid in this moment: the locks are the confirmation's own."""
    with transaction.atomic():
        order, attempt = attempts.lock(attempt_id)
        if attempt.state != PaymentAttempt.State.PENDING or order.payment_state != Order.PaymentState.AWAITING:
            return False
        enqueue(
            "orders.email_customer",
            key=f"email-customer:{order.number}:voucher_reminder:{attempt.public_id}",
            queue="mail",
            payload={"order_id": order.pk, "kind": f"voucher_reminder:{attempt.pk}"},
        )
    return True


def _remind_payer(payment_id: int) -> bool:
    """The same for a payment by link."""
    with transaction.atomic():
        payment = link_rows.lock(payment_id)
        if payment.state != LinkPayment.State.PENDING or link_payments.unwanted_by(payment.link):
            return False
        link_rows.tell(payment, "voucher_reminder")
    return True
