"""One draft is one purchase: of all the orders that were frozen from it, the first to be paid stands (C11, C66).

A customer may hold the page, or the Multibanco reference, of an earlier version of what was changed afterwards. Money for
it that comes first is for what was frozen then; money that comes second goes back whole.
"""

from django.db.models import F, Q, QuerySet

from orders.models import Order
from outbox.services import enqueue
from payments import attempts
from payments.models import PaymentAttempt


def lock(attempt_id: int) -> tuple[Order, PaymentAttempt]:
    """The order and the attempt, their rows locked, and before them the rows of all orders of the same draft, in the
    order of their keys: of two versions paid at once the second sees the first. Call inside a transaction."""
    draft_id = PaymentAttempt.objects.values_list("order__draft_id", flat=True).get(pk=attempt_id)
    versions = Order.objects.select_for_update(of=("self",)).filter(draft_id=draft_id).order_by("pk")
    list(versions.values_list("pk", flat=True))
    return attempts.lock(attempt_id)


def bought(order: Order) -> Order | None:
    """The other version of this purchase that was paid, also when it was cancelled later; None while there is none."""
    return _others(order).filter(paid_at__isnull=False).order_by("paid_at").first()


def contested(order: Order) -> bool:
    """Money for another version waits for the owner's decision."""
    return _others(order).filter(paid_at=None, payment_state=Order.PaymentState.REVIEW).exists()


def standing(order: Order) -> Order | None:
    """What keeps this version from being paid: another one that was bought, else one whose money waits for the owner."""
    amiss = Q(paid_at__isnull=False) | Q(payment_state=Order.PaymentState.REVIEW)
    return _others(order).filter(amiss).order_by(F("paid_at").asc(nulls_last=True)).first()


def close_pages(order: Order) -> None:
    """What else of a locked order could be paid can soon no longer be: money for it has come (C5)."""
    for attempt in order.attempts.filter(state__in=attempts.OPEN):
        attempts.close_later(attempt)


def close_others(order: Order) -> None:
    """What else was frozen from the draft can soon no longer be paid; inside the transaction that marks this one paid."""
    close_pages(order)
    if _others(order).filter(state=Order.State.PENDING).exists():
        enqueue(
            "payments.expire_attempts",
            key=f"expire:{order.draft_id}:{order.number}",
            payload={"order_id": order.pk, "draft_id": order.draft_id},
        )


def _others(order: Order) -> QuerySet[Order]:
    return Order.objects.filter(draft_id=order.draft_id).exclude(pk=order.pk)
