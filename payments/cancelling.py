"""A customer cancels a paid order before production: the order ends at once, its money goes back by a task."""

from django.db import transaction

from orders import services as orders
from orders.models import Order
from outbox.services import enqueue
from payments.models import PaymentAttempt


def cancel_for_customer(order: Order) -> Order:
    """Cancels the order and plans the whole refund of each payment, in one transaction; a second call changes nothing.

    Stripe is asked afterwards, by a task of the outbox: no transaction is open then (C42), and a crash between loses
    no money (C33). Raises InvalidTransition once production has begun.
    """
    with transaction.atomic():
        order = orders.lock(order.pk)
        if order.state == Order.State.CANCELLED:
            return order
        order = orders.cancel_for_customer(order)
        for attempt in order.attempts.filter(state=PaymentAttempt.State.CONFIRMED):
            plan_refund(attempt, "the customer cancelled before production")
            tell_owner(attempt, "cancelled")
        return order


def plan_refund(attempt: PaymentAttempt, reason: str) -> None:
    """All that is left of a cancelled order's payment goes back, once; inside the transaction that cancels."""
    enqueue(
        "payments.refund_cancelled",
        key=f"refund-cancelled:{attempt.public_id}",
        payload={"attempt_id": attempt.pk, "reason": reason},
    )


def tell_owner(attempt: PaymentAttempt, kind: str) -> None:
    """One mail of the kind (emails.KINDS) a payment."""
    enqueue(
        "payments.email_owner",
        key=f"email-owner:{attempt.public_id}:{kind}",
        queue="mail",
        payload={"attempt_id": attempt.pk, "kind": kind},
    )
