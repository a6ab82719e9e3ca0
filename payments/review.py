"""The owner's decision on a sum that differs from the order's (C10): accept it as it is, or refund it (refunds.refund)."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from orders import snapshots
from orders.models import Order
from orders.services import InvalidTransition
from payments import at_stripe, attempts, books, confirmation, purchases
from payments.models import PaymentAttempt


def accept(attempt_id: int, *, actor: User | None = None, why: str = "") -> Order:
    """Fulfils an order in review for the sum that arrived; another payment of it goes back. Raises InvalidTransition,
    GatewayUnavailable."""
    attempt = PaymentAttempt.objects.select_related("order").get(pk=attempt_id)
    session = at_stripe.fetched(attempt)
    snapshot = snapshots.load(attempt.order.number)
    with transaction.atomic():
        order, attempt = purchases.lock(attempt_id)
        if order.payment_state != Order.PaymentState.REVIEW or attempt.state != PaymentAttempt.State.CONFIRMED:
            raise InvalidTransition
        if purchases.bought(order) is not None:
            raise InvalidTransition(_("The customer has bought another version of this order: refund this payment."))
        order = confirmation.fulfil(order, snapshot, session)
        attempts.note(attempt, "accepted", why=why, actor=actor)
        attempts.set_payment_state(order, Order.PaymentState.PAID)
        books.recompute(order, attempt)
        confirmation.give_back_others(order, attempt)
        return order
