"""Closing what may no longer be paid: a draft was edited, so the Sessions of what it was before end at Stripe (C6)."""

import structlog
from django.db import transaction

from orders import drafts
from orders.models import Order
from orders.problems import Problem
from outbox.services import enqueue
from payments import at_stripe, attempts, books, checkout
from payments.confirmation import settle
from payments.models import PaymentAttempt
from payments.problems import PaymentServiceUnavailable

log = structlog.get_logger(__name__)


class StripeAway(Exception):
    """The Session could not be closed now; the task tries again."""


def expire_attempts(draft_id: str) -> None:
    """Closes the open Sessions and Intents of the draft's outdated orders, and those orders; one that was paid meanwhile
    stands as it was frozen (C66), and then all the others are outdated.

    Raises GatewayUnavailable or StripeAway, for the outbox to try again.
    """
    draft = drafts.get(draft_id)
    known = (draft.checkout or {}) if draft else {}
    bought = Order.objects.filter(draft_id=draft_id, paid_at__isnull=False).exists()
    current = known.get("order") if not known.get("stale") and not bought else None
    for order in Order.objects.filter(draft_id=draft_id, state=Order.State.PENDING).exclude(number=current or ""):
        for attempt in order.attempts.filter(state__in=attempts.OPEN):
            close_attempt(attempt)
            _tell_of_voucher(attempt.pk)
        books.end(order.pk, "changed by the customer")


def close_attempt(attempt: PaymentAttempt) -> None:
    """Closes one open attempt at Stripe and here; paid meanwhile, it is confirmed instead.

    Where it is not known whether Stripe made the Session, Stripe is asked with the same key, so that the Session is
    known and can be closed. A voucher that was issued cannot be withdrawn: it stays, and C11 decides. A delayed payment
    that has failed ends as such, and its customer is told, before its Intent is closed and looks like one nobody used (C28).
    """
    if not attempt.stripe_id:
        try:
            opened = checkout.open_at_stripe(attempt)
        except PaymentServiceUnavailable as error:
            raise StripeAway from error
        except Problem:
            return
        if opened is None:
            return
        attempt = opened
    if attempt.method == PaymentAttempt.Method.ELEMENTS:
        settle(at_stripe.fetched(attempt))
    session = at_stripe.closed(attempt)
    settle(session)
    log.info("attempt_closed", payment=attempt.public_id, session_status=session.status)


def _tell_of_voucher(attempt_id: int) -> None:
    """C6: a reference that was issued cannot be withdrawn, so its customer is asked not to pay it; one mail a reference."""
    with transaction.atomic():
        order, attempt = attempts.lock(attempt_id)
        if attempt.voucher is not None and attempt.state in attempts.OPEN:
            enqueue(
                "orders.email_customer",
                key=f"email-customer:{order.number}:voucher_replaced:{attempt.public_id}",
                queue="mail",
                payload={"order_id": order.pk, "kind": f"voucher_replaced:{attempt.pk}"},
            )
