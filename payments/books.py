"""The order's payment state, derived from its payments, refunds and disputes; and what a dispute does to it (C40)."""

from django.db import IntegrityError, transaction
from django.db.models import Sum

from orders import services as orders
from orders.models import Order
from outbox.services import enqueue
from payments import attempts, facts
from payments.models import Dispute, LinkPayment, PaymentAttempt, Refund
from payments.models.refund import DISPUTE_OVER

PaymentState = Order.PaymentState


def recompute(order: Order, attempt: PaymentAttempt) -> None:
    """Writes what was refunded of the locked attempt, and the locked order's payment state."""
    refunded = attempt.refunds.filter(state=Refund.State.SUCCEEDED).aggregate(sum=Sum("amount_cents"))["sum"] or 0
    attempt.refunded_cents = refunded
    attempt.save(update_fields=["refunded_cents"])
    _follow(order, attempt)


def _follow(order: Order, attempt: PaymentAttempt) -> None:
    """The order's payment state after the attempt's money moved. What was told of money that is not known to have come
    (C18) ends nothing yet."""
    if attempt.state == PaymentAttempt.State.CONFIRMED:
        close(order)
        _note_returned(order, attempt)
    else:
        attempts.set_payment_state(order, payment_state(order))


def _note_returned(order: Order, attempt: PaymentAttempt) -> None:
    """Money is here again after it had gone back, such as a refund that the customer's bank returned days later: nobody makes
    the order for it, so it stays on the owner's desk until it has gone (C38)."""
    waited = order.state in (Order.State.PENDING, Order.State.EXPIRED) and order.paid_at is None
    if not waited or order.payment_state == PaymentState.REVIEW or gone(attempt):
        return
    if not attempt.events.filter(kind="unwanted").exists():
        attempts.note(attempt, "unwanted", why="its money had gone back and came again")


def close(order: Order, why: str = "its money went back") -> None:
    """Writes a locked order's payment state; one that was never fulfilled, of which nothing can be paid any more and nothing
    that was paid is left, ends, whichever of it happened last (C18)."""
    if over(order):
        order = orders.expire(order, why=why)
    attempts.set_payment_state(order, payment_state(order))


def end(order_id: int, why: str) -> None:
    """Ends the order if it is over when its row is locked: whoever asks may have looked before a page was opened for it."""
    with transaction.atomic():
        order = orders.lock(order_id)
        if over(order):
            close(order, why)


def over(order: Order) -> bool:
    """Whether nothing of a pending order can be paid or is there to be fulfilled. On a locked order."""
    if order.paid_at is not None or order.state != Order.State.PENDING:
        return False
    return not any(
        attempt.state in attempts.OPEN or (attempt.state == PaymentAttempt.State.CONFIRMED and not gone(attempt))
        for attempt in order.attempts.all()
    )


def gone(attempt: PaymentAttempt) -> bool:
    """Money came, and all of it went back or was lost to the bank."""
    received = attempt.received_cents or 0
    return 0 < received <= attempt.refunded_cents + lost_cents(attempt)


def lost_cents(payment: PaymentAttempt | LinkPayment) -> int:
    """Cents of a payment, of an order or by a link, that the cardholder's bank took back for good."""
    return payment.disputes.filter(status="lost").aggregate(sum=Sum("amount_cents"))["sum"] or 0


def payment_state(order: Order) -> str:
    """Paid while what was received less what went back covers the total (C39). A sum in review stays there until the
    owner decides or it has all gone back."""
    confirmed = order.attempts.filter(state=PaymentAttempt.State.CONFIRMED)
    sums = confirmed.aggregate(received=Sum("received_cents"), refunded=Sum("refunded_cents"))
    received, refunded = sums["received"] or 0, sums["refunded"] or 0
    disputes = list(Dispute.objects.filter(attempt__order=order))
    lost = sum(dispute.amount_cents for dispute in disputes if dispute.status == "lost")
    if not received:
        return order.payment_state
    if received - refunded - lost <= 0:
        return PaymentState.REFUNDED
    if order.payment_state == PaymentState.REVIEW and order.paid_at is None:
        return PaymentState.REVIEW
    if any(dispute.open for dispute in disputes):
        return PaymentState.DISPUTED
    covered = received - refunded - lost >= _due(order)
    return PaymentState.PAID if covered or not refunded + lost else PaymentState.PARTLY_REFUNDED


def _due(order: Order) -> int:
    """What has to stay for the order to be paid: its total, or the smaller sum that the owner accepted (C10)."""
    accepted = order.attempts.filter(state=PaymentAttempt.State.CONFIRMED, events__kind="accepted").first()
    return min(order.total_cents, accepted.received_cents or 0) if accepted else order.total_cents


def apply_dispute(found: facts.Dispute) -> bool:
    """Books a dispute that was fetched a moment ago; False when its payment is not the shop's."""
    attempt = PaymentAttempt.objects.filter(intent_id=found.intent_id).first() if found.intent_id else None
    if attempt is None:
        return False
    with transaction.atomic():
        order, attempt = attempts.lock(attempt.pk)
        row, before = _dispute(attempt, found)
        if before != found.status and not stale(before, found.status):
            row.status, row.amount_cents = found.status, found.amount_cents
            row.save()
            attempts.note(attempt, f"dispute_{found.status}"[:40], why=found.reason)
            _follow(order, attempt)
            enqueue(
                "payments.email_owner",
                key=f"email-owner:{found.id}:{found.status}",
                queue="mail",
                payload={
                    "order_id": order.pk,
                    "attempt_id": attempt.pk,
                    "kind": "dispute",
                    "occurrence": f"{found.id}.{found.status}",
                },
            )
    return True


def stale(known: str, found: str) -> bool:
    """Whether what was fetched before the lock was taken is older than what is known: a dispute that has ended is not
    opened again (C18)."""
    return known in DISPUTE_OVER and found not in DISPUTE_OVER


def _dispute(attempt: PaymentAttempt, found: facts.Dispute) -> tuple[Dispute, str]:
    """The dispute's row and its status until now; made under the attempt's lock, so two events make one."""
    row = Dispute.objects.filter(provider_id=found.id).first()
    if row is not None:
        return row, row.status
    try:
        with transaction.atomic():
            row = Dispute.objects.create(
                attempt=attempt,
                provider_id=found.id,
                amount_cents=found.amount_cents,
                currency=found.currency,
                status=found.status,
                reason=found.reason,
            )
    except IntegrityError:
        row = Dispute.objects.get(provider_id=found.id)
        return row, row.status
    return row, ""
