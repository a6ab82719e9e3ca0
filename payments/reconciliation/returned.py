"""The day's refunds and disputes as Stripe has them, booked where their webhook was missed."""

from payments import dispatch, facts, gateway, refunds
from payments.confirmation import NotVisibleYet
from payments.models import Discrepancy, Dispute, Refund
from payments.reconciliation import discrepancies
from payments.reconciliation.days import Day, in_pages

Kind = Discrepancy.Kind


def refunds_made(day: Day) -> int:
    """How many Stripe has; money of ours that went back without the shop knowing gets its row (C35)."""
    count = 0
    for page in in_pages(gateway.refunds_made(day.span)):
        rows = Refund.objects.filter(provider_id__in=[found.id for found in page])
        known = dict(rows.values_list("provider_id", "state"))
        for found in page:
            if known.get(found.id) != refunds.STATES.get(found.status):
                _book(found)
        count += len(page)
    return count


def _book(found: facts.Refund) -> None:
    try:
        dispatch.book_refund(found)
    except NotVisibleYet:
        theirs = f"{found.amount_cents / 100:.2f} {found.currency}"
        discrepancies.found(Kind.REFUND, found.id, ours="", theirs=theirs)


def disputes_made(day: Day) -> int:
    """How many Stripe has. One of a payment that is not the shop's is noted: somebody must answer it in time."""
    count = 0
    for page in in_pages(gateway.disputes_made(day.span)):
        rows = Dispute.objects.filter(provider_id__in=[found.id for found in page])
        known = dict(rows.values_list("provider_id", "status"))
        for found in page:
            if known.get(found.id) != found.status and not dispatch.book_dispute(found):
                discrepancies.found(Kind.DISPUTE, found.id, ours="", theirs=f"{found.status}, {found.reason}")
        count += len(page)
    return count
