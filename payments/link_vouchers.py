"""A payment by link that is made later: Multibanco's entity and reference (C26–C29), shown on the link's page and mailed.

A reference cannot be withdrawn: where the link was closed its payer is asked not to pay it (C6).
"""

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from payments import facts
from payments.link_rows import lock, move, tell
from payments.models import LinkPayment

State = LinkPayment.State
ENDED = ("requires_payment_method", "canceled")


def delayed(payment_id: int, intent: facts.Intent | None) -> None:
    """The payer has chosen a method whose money comes later, or that has failed now. Keeps the reference and mails it, or word
    of the failure."""
    with transaction.atomic():
        payment = lock(payment_id)
        if payment.state not in LinkPayment.OPEN:
            return
        if intent is not None and intent.status in ENDED:
            payment.url, payment.voucher = "", None
            move(payment, State.FAILED)
            if payment.link.closed_at is None:  # else its payer was asked not to pay it
                tell(payment, "failed")  # C28
            return
        issued = intent.voucher if intent is not None else None
        if payment.url or (issued is not None and payment.voucher is None):
            payment.url, payment.voucher = "", _stored(issued)
            move(payment, State.PENDING, kind="waits")
        if payment.voucher is not None:
            tell(payment, "voucher" if payment.link.closed_at is None else "voucher_closed")


def over(payment: LinkPayment) -> bool:
    """Its reference can no longer be paid: Stripe knows by now what became of it."""
    until = parse_datetime(str((payment.voucher or {}).get("expires_at") or ""))
    return until is not None and until <= timezone.now()


def shown(payment: LinkPayment) -> dict[str, object] | None:
    """For pages and mails: entity, reference, amount_cents, expires_at (a time, or None)."""
    if not payment.voucher:
        return None
    until = parse_datetime(str(payment.voucher.get("expires_at") or ""))
    return {**payment.voucher, "amount_cents": payment.amount_cents, "expires_at": until}


def _stored(voucher: facts.Voucher | None) -> dict[str, object] | None:
    if voucher is None:
        return None
    until = voucher.expires_at.isoformat() if voucher.expires_at else None
    return {"entity": voucher.entity, "reference": voucher.reference, "expires_at": until}
