"""Refunds: asked for by staff or by rule, made at Stripe, and booked as Stripe says they are (C32–C38)."""

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from orders.email_context import recipient
from outbox.services import enqueue
from payments import attempts, books, facts, gateway, refund_request
from payments.checkout import KEY_LIFE
from payments.confirmation import NotVisibleYet
from payments.models import PaymentAttempt, Refund
from payments.problems import IdempotencyKeyReused, NotRefundable, OverRefund

State = Refund.State
FALLBACK_SECONDS = 30  # the outbox sends a refund whose first sending failed or was cut off
STATES = {
    "pending": State.PENDING,
    "requires_action": State.PENDING,
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "canceled": State.CANCELED,
}

ENDED = {State.CREATED: 0, State.PENDING: 0, State.SUCCEEDED: 1, State.FAILED: 2, State.CANCELED: 2}

log = structlog.get_logger(__name__)


def refund(
    attempt_id: int, amount_cents: int | None = None, *, reason: str, actor: User | None = None, key: str = ""
) -> Refund:
    """Refunds the amount, or all that is left; the refund as Stripe answered. While Stripe is away, or takes no key of
    ours, it stays `created`, and is sent without being asked for again.

    The row is committed with its idempotency key before Stripe is asked. `key` makes a repeated request the same
    refund (C33). Call outside transactions. Raises OverRefund, NotRefundable, IdempotencyKeyReused.
    """
    row = _reserve(attempt_id, amount_cents, reason, actor, key)
    if row.state == State.CREATED:
        try:
            send(row.pk)
        except (gateway.GatewayUnavailable, gateway.GatewayMisconfigured) as error:
            log.warning("refund_delayed", refund=row.public_id, kind=error.kind)
        row.refresh_from_db()
    return row


def _reserve(attempt_id: int, amount_cents: int | None, reason: str, actor: User | None, key: str) -> Refund:
    """The refund's row. The order's and attempt's locks make two requests at once share what is left (C32)."""
    with transaction.atomic():
        _order, attempt = attempts.lock(attempt_id)
        if key and (known := Refund.objects.filter(idempotency_key=key).first()):
            if known.attempt_id != attempt.pk or not refund_request.repeats(known, amount_cents, reason):
                raise IdempotencyKeyReused
            return known
        if attempt.state != PaymentAttempt.State.CONFIRMED or not attempt.intent_id:
            raise NotRefundable
        rest = left(attempt)
        amount = rest if amount_cents is None else amount_cents
        if not 1 <= amount <= rest:
            raise OverRefund
        row = Refund(attempt=attempt, amount_cents=amount, currency=attempt.currency, reason=reason[:255], actor=actor)
        row.idempotency_key = key or str(row.idempotency_key)
        row.asked_all = amount_cents is None
        row.save()
        attempts.note(attempt, "refund_asked", why=reason, actor=actor)
        enqueue(
            "payments.send_refund",
            key=f"refund:{row.public_id}",
            payload={"order_id": attempt.order_id, "refund_id": row.pk},
            delay_seconds=FALLBACK_SECONDS,
        )
        return row


def left(attempt: PaymentAttempt) -> int:
    """Cents that may still be refunded: received, less refunds made and under way, and what was lost to the bank, which
    Stripe refuses to refund as well. On a locked row."""
    taken = attempt.refunds.filter(state__in=Refund.RESERVED).aggregate(sum=Sum("amount_cents"))["sum"] or 0
    return max(0, (attempt.received_cents or 0) - taken - books.lost_cents(attempt))


def send(refund_id: int) -> None:
    """Asks Stripe for a reserved refund, with its stored key; once it is known there, nothing more happens (C33).

    Stripe forgets a key after a day: an older row is looked for there before it is sent (C43). Raises GatewayUnavailable,
    GatewayMisconfigured: it may be tried again.
    """
    row = Refund.objects.select_related("attempt__order").get(pk=refund_id)
    if row.state != State.CREATED:
        return
    try:
        found = _at_stripe(row) if timezone.now() - row.created_at > KEY_LIFE else None
        apply(found or _ask(row))
    except gateway.GatewayMisconfigured:
        raise
    except gateway.GatewayRefused as error:
        _settle(row.pk, State.FAILED, error.code)


def _ask(row: Refund) -> facts.Refund:
    return refund_request.create(
        str(row.attempt.intent_id),
        row.amount_cents,
        {"refund": row.public_id, "order": row.attempt.order.number},
        idempotency_key=str(row.idempotency_key),
        look_for=lambda: _at_stripe(row),
    )


def _at_stripe(row: Refund) -> facts.Refund | None:
    made = gateway.refunds_of(str(row.attempt.intent_id))
    return next((found for found in made if found.metadata.get("refund") == row.public_id), None)


def sync(intent_id: str) -> bool:
    """Books all refunds of a payment as Stripe has them (C35, C36); False when the payment is not the shop's."""
    if not PaymentAttempt.objects.filter(intent_id=intent_id).exists():
        return False
    for found in gateway.refunds_of(intent_id):
        apply(found)
    return True


def apply(found: facts.Refund) -> bool:
    """Books a refund that was fetched a moment ago; ours is recognised by its metadata (C34), one made in the dashboard
    gets a row. False when its payment is not the shop's."""
    attempt = PaymentAttempt.objects.filter(intent_id=found.intent_id).first() if found.intent_id else None
    if attempt is None:
        if found.metadata.get("refund"):
            raise NotVisibleYet(found.id)
        return False
    row = _row_of(attempt, found)
    _settle(row.pk, STATES.get(found.status, State.PENDING), found.failure_reason, provider_id=found.id)
    return True


def stale(known: str, found: str) -> bool:
    """Whether what was fetched before the lock was taken is older than what is known: at Stripe a refund goes from pending
    to succeeded, from either to failed or canceled, and never back."""
    return ENDED[State(found)] < ENDED[State(known)]


def _row_of(attempt: PaymentAttempt, found: facts.Refund) -> Refund:
    known = Refund.objects.filter(provider_id=found.id).first()
    known = known or Refund.objects.filter(attempt=attempt, public_id=str(found.metadata.get("refund") or "")).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            row = Refund.objects.create(
                attempt=attempt,
                amount_cents=found.amount_cents,
                currency=found.currency,
                reason="made in Stripe's dashboard",
                provider_id=found.id,
                state=State.PENDING,
            )
            _tell_owner(row, "refunded_at_stripe")
            return row
    except IntegrityError:
        return Refund.objects.get(provider_id=found.id)


def _settle(refund_id: int, to: str, failure_code: str = "", provider_id: str = "") -> None:
    """Writes the refund's state, the payment's sum and the order's payment state, under their locks."""
    attempt_id = Refund.objects.values_list("attempt_id", flat=True).get(pk=refund_id)
    with transaction.atomic():
        order, attempt = attempts.lock(attempt_id)
        row = Refund.objects.select_for_update(of=("self",)).get(pk=refund_id)
        if row.provider_id and stale(row.state, to):
            return
        if provider_id and row.provider_id is None:
            row.provider_id = provider_id
        changed = row.state != to
        row.state, row.failure_code = to, failure_code[:80]
        row.settled_at = timezone.now() if to not in (State.CREATED, State.PENDING) else None
        row.save()
        books.recompute(order, attempt)
        if changed:
            attempts.note(attempt, f"refund_{to}", why=failure_code)
            _tell(row)


def _tell(row: Refund) -> None:
    """C38: the owner learns of a refund that did not arrive; the customer of one that did."""
    if row.state in (State.FAILED, State.CANCELED):
        _tell_owner(row, "refund_failed")
    elif row.state == State.SUCCEEDED and recipient(row.attempt.order).email:
        enqueue(
            "orders.email_customer",
            key=f"email-customer:{row.attempt.order.number}:refunded:{row.public_id}",
            queue="mail",
            payload={"order_id": row.attempt.order_id, "kind": f"refunded:{row.pk}"},
        )


def _tell_owner(row: Refund, kind: str) -> None:
    enqueue(
        "payments.email_owner",
        key=f"email-owner:{row.public_id}:{kind.removeprefix('refund_')}",
        queue="mail",
        payload={
            "order_id": row.attempt.order_id,
            "attempt_id": row.attempt_id,
            "kind": kind,
            "occurrence": row.public_id,
        },
    )
