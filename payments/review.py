"""The owner's decision on a sum that differs from the order's (C10): accept it as it is, or refund it (refunds.refund)."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from orders import snapshots
from orders.models import Order
from orders.services import InvalidTransition
from payments import at_stripe, attempts, books, confirmation, purchases, refunds
from payments.models import PaymentAttempt, Refund


def accept(attempt_id: int, *, actor: User | None = None, why: str = "") -> Order:
    """Fulfils an order in review for the sum that arrived; another payment of it goes back. Raises InvalidTransition, also
    while a refund of it is under way, and GatewayUnavailable."""
    attempt = PaymentAttempt.objects.select_related("order").get(pk=attempt_id)
    session = at_stripe.fetched(attempt)
    snapshot = snapshots.load(attempt.order.number)
    with transaction.atomic():
        order, attempt = purchases.lock(attempt_id)
        if order.payment_state != Order.PaymentState.REVIEW or attempt.state != PaymentAttempt.State.CONFIRMED:
            raise InvalidTransition
        if purchases.bought(order) is not None:
            raise InvalidTransition(_("The customer has bought another version of this order: refund this payment."))
        if _going_back(attempt, order):
            raise InvalidTransition(_("This payment is being refunded: it can no longer be accepted."))
        order = confirmation.fulfil(order, snapshot, session)
        attempts.note(attempt, "accepted", why=why, actor=actor)
        books.recompute(order, attempt)
        confirmation.give_back_others(order, attempt)
        return order


def _going_back(attempt: PaymentAttempt, order: Order) -> bool:
    """A refund is under way, or one was made that leaves less than the order costs. What was paid too much may have gone
    back before; a sum that came too small may be accepted as long as nothing of it went back. On locked rows."""
    if attempt.refunds.filter(state__in=(Refund.State.CREATED, Refund.State.PENDING)).exists():
        return True
    return refunds.left(attempt) < min(attempt.received_cents or 0, order.total_cents)
