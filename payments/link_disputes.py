"""Disputes of payments by link, each with a row of its own, as Stripe has them (C40)."""

from django.db import transaction

from payments import facts
from payments.link_rows import lock, note, tell
from payments.models import LinkDispute, LinkPayment


def apply(found: facts.Dispute) -> bool:
    """Books a dispute that was fetched a moment ago and tells the owner; False when it is of no link.

    What is over stays over: who asked Stripe before its last word was said may be the last to get the lock.
    """
    known = LinkPayment.objects.filter(intent_id=found.intent_id).first() if found.intent_id else None
    if known is None:
        return False
    with transaction.atomic():
        payment = lock(known.pk)
        row = LinkDispute.objects.filter(provider_id=found.id).first()
        if row is not None and (not row.open or row.status == found.status):
            return True
        row = row or LinkDispute(payment=payment, provider_id=found.id, currency=found.currency)
        row.status, row.amount_cents, row.reason = found.status[:40], found.amount_cents, found.reason[:80]
        row.save()
        payment.dispute = _summary(payment)
        payment.save()
        note(payment, f"dispute_{found.status}", why=found.reason)
        tell(payment, "dispute", f"{found.id}:{found.status}")
    return True


def _summary(payment: LinkPayment) -> str:
    """The newest dispute's state, of those that are open where one is."""
    rows = list(payment.disputes.all())
    return ([row for row in rows if row.open] or rows)[-1].status
