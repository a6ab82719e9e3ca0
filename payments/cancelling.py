"""A paid order is cancelled, by its customer before production or by the studio: it ends at once, its money goes back by a
task."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from accounts.models import User
from orders import services as orders
from orders.models import Order
from orders.services import InvalidTransition
from outbox.services import enqueue
from payments import attempts
from payments.models import PaymentAttempt

PaymentState = Order.PaymentState
MAY_REFUND = "orders.refund_order"
UNDECIDED = (PaymentState.REVIEW, PaymentState.DISPUTED)  # the owner, or the bank, has to decide first (C10, C40)
HOLDS_MONEY = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)


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
        refund_all(order, "the customer cancelled before production", tell="cancelled")
        return order


def cancel_for_studio(order: Order, *, actor: User) -> Order:
    """Cancels the order as a person of the studio wishes, in any state before it is shipped; its money as above,
    and what may still be paid for it is closed by a task.

    Raises InvalidTransition where refusal() has a reason or the order is on its way.
    """
    with transaction.atomic():
        order = orders.lock(order.pk)
        if order.state == Order.State.CANCELLED:
            return order
        if reason := refusal(order, actor):
            raise InvalidTransition(reason)
        order = orders.cancel(order, actor=actor)
        refund_all(order, "the studio cancelled the order", actor=actor)
        for attempt in order.attempts.filter(state__in=attempts.OPEN):
            attempts.close_later(attempt)
        return order


def refusal(order: Order, actor: User) -> StrPromise | str:
    """Why the person cannot cancel this order, as its payment stands; "" where nothing is in the way."""
    if order.payment_state in UNDECIDED:
        return _("Its payment is in review or in dispute: that has to be settled before the order can be cancelled.")
    if order.payment_state in HOLDS_MONEY and not actor.has_perm(MAY_REFUND):
        return _("Cancelling refunds what was paid. Your account may not refund: please ask the owner.")
    return ""


def refund_all(order: Order, reason: str, *, actor: User | None = None, tell: str = "") -> None:
    """Plans the refund of all that is left of each payment of an order that this transaction cancels.

    `tell`: the mail (emails.KINDS) by which the owner hears of it.
    """
    for attempt in order.attempts.filter(state=PaymentAttempt.State.CONFIRMED):
        _plan_refund(attempt, reason, actor)
        if tell:
            tell_owner(attempt, tell)


def _plan_refund(attempt: PaymentAttempt, reason: str, actor: User | None) -> None:
    payload: dict[str, object] = {"order_id": attempt.order_id, "attempt_id": attempt.pk, "reason": reason}
    if actor is not None:
        payload["actor_id"] = actor.pk
    enqueue("payments.refund_cancelled", key=f"refund-cancelled:{attempt.public_id}", payload=payload)


def tell_owner(attempt: PaymentAttempt, kind: str) -> None:
    """One mail of the kind (emails.KINDS) a payment."""
    enqueue(
        "payments.email_owner",
        key=f"email-owner:{attempt.public_id}:{kind}",
        queue="mail",
        payload={"order_id": attempt.order_id, "attempt_id": attempt.pk, "kind": kind},
    )
