"""Refunds of what was paid by a link, whole or in parts, under the rules of orders' refunds (payments/refunds.py): a row
with its key is committed before Stripe is asked, never more than is left, and booked as Stripe says they are (C32–C38)."""

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from outbox.services import enqueue
from payments import books, facts, gateway, refund_request
from payments.link_rows import lock, note, tell
from payments.models import LinkPayment, LinkRefund, Refund
from payments.problems import IdempotencyKeyReused, NotRefundable, OverRefund
from payments.refunds import STATES, stale

State = Refund.State


def refund(
    payment_id: int, amount_cents: int | None = None, *, reason: str, actor: User | None = None, key: str = ""
) -> LinkRefund:
    """Plans the refund of the amount, or of all that is left; a task asks Stripe. `key` makes a repeated request the same
    refund. Raises OverRefund, NotRefundable, IdempotencyKeyReused."""
    with transaction.atomic():
        payment = lock(payment_id)
        if key and (known := LinkRefund.objects.filter(idempotency_key=key).first()):
            if known.payment_id != payment.pk or not refund_request.repeats(known, amount_cents, reason):
                raise IdempotencyKeyReused
            return known
        if payment.state != LinkPayment.State.CONFIRMED or not payment.intent_id:
            raise NotRefundable
        return plan(payment, amount_cents, reason=reason, actor=actor, key=key)


def plan(
    payment: LinkPayment, amount_cents: int | None = None, *, reason: str, actor: User | None = None, key: str = ""
) -> LinkRefund:
    """The refund's row and its task, for a payment whose row is locked. Raises OverRefund."""
    left = _left(payment)
    amount = left if amount_cents is None else amount_cents
    if not 1 <= amount <= left:
        raise OverRefund
    row = LinkRefund(payment=payment, amount_cents=amount, reason=reason[:255], actor=actor)
    row.asked_all = amount_cents is None
    row.idempotency_key = key or str(row.idempotency_key)
    row.save()
    note(payment, "refund_asked", why=reason, actor=actor)
    enqueue("payments.refund_link", key=f"refund-link:{row.public_id}", payload={"refund_id": row.pk})
    return row


def _left(payment: LinkPayment) -> int:
    """Cents that may still be refunded: received, less refunds made and under way, by whatever hand, and what was lost to
    the bank."""
    taken = payment.refunds.filter(state__in=Refund.RESERVED).aggregate(sum=Sum("amount_cents"))["sum"] or 0
    return (payment.received_cents or 0) - max(taken, payment.refunded_cents) - books.lost_cents(payment)


def send(refund_id: int) -> None:
    """Asks Stripe for a planned refund, unless it has it already: its key may be too old to say so (C33, C43)."""
    row = LinkRefund.objects.select_related("payment").get(pk=refund_id)
    if row.state != State.CREATED:
        return
    intent = str(row.payment.intent_id)
    if _at_stripe(row) is None:
        try:
            refund_request.create(
                intent,
                row.amount_cents,
                {"link_payment": row.payment.public_id, "link_refund": row.public_id},
                idempotency_key=str(row.idempotency_key),
                look_for=lambda: _at_stripe(row),
            )
        except gateway.GatewayMisconfigured:
            raise
        except gateway.GatewayRefused as error:
            _refused(row, error.code)
            return
    sync(intent)


def _at_stripe(row: LinkRefund) -> facts.Refund | None:
    made = gateway.refunds_of(str(row.payment.intent_id))
    return next((found for found in made if _ours(found) == row.public_id), None)


def _refused(row: LinkRefund, code: str) -> None:
    with transaction.atomic():
        payment = lock(row.payment_id)
        if not LinkRefund.objects.filter(pk=row.pk, state=State.CREATED).update(
            state=State.FAILED, failure_code=code[:80]
        ):
            return
        note(payment, "refund_failed", why=code)
        tell(payment, "refund_failed", row.public_id)


def sync(intent_id: str) -> bool:
    """Books what went back of a link's payment, by whatever hand; False when it is of no link."""
    known = LinkPayment.objects.filter(intent_id=intent_id).first() if intent_id else None
    if known is None:
        return False
    made = gateway.refunds_of(intent_id)
    with transaction.atomic():
        payment = lock(known.pk)
        for found in made:
            _book(payment, found)
        succeeded = payment.refunds.filter(state=State.SUCCEEDED).aggregate(sum=Sum("amount_cents"))["sum"] or 0
        payment.refunded_cents = succeeded
        payment.save()
    return True


def _book(payment: LinkPayment, found: facts.Refund) -> None:
    """The refund's row as Stripe has it; one made in the dashboard gets a row. The owner learns of a failure (C38)."""
    state = STATES.get(found.status, State.PENDING)
    row = payment.refunds.filter(provider_id=found.id).first()
    if row is not None and stale(row.state, state):
        return
    row = row or payment.refunds.filter(public_id=_ours(found), provider_id=None).first()
    if row is None:
        row = LinkRefund(payment=payment, amount_cents=found.amount_cents, reason="made in Stripe's dashboard")
        tell(payment, "refunded_at_stripe", found.id)
    changed = row.state != state
    row.provider_id, row.state = found.id, state
    row.failure_code = found.failure_reason[:80]
    row.save()
    if not changed:
        return
    note(payment, f"refund_{state}", why=found.failure_reason or row.reason)
    if row.state in (State.FAILED, State.CANCELED):
        tell(payment, "refund_failed", found.id)
    elif row.state == State.SUCCEEDED:
        tell(payment, "refunded", row.public_id)


def _ours(found: facts.Refund) -> str:
    return str(found.metadata.get("link_refund") or "")
