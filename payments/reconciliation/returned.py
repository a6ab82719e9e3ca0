"""The day's refunds and disputes as Stripe has them, booked where their webhook was missed."""

import structlog

from payments import dispatch, facts, gateway, refunds
from payments.confirmation import NotVisibleYet
from payments.models import BalanceTransaction, Discrepancy, Dispute, LinkRefund, Refund
from payments.reconciliation import discrepancies
from payments.reconciliation.days import Day, in_pages

Kind = Discrepancy.Kind
CAME_BACK = "refund_failure"

log = structlog.get_logger(__name__)


def refunds_made(day: Day) -> int:
    """How many Stripe has; money of ours that went back without the shop knowing gets its row (C35)."""
    count = 0
    for page in in_pages(gateway.refunds_made(day.span)):
        compare_refunds(page)
        count += len(page)
    return count


def failed_refunds(day: Day) -> int:
    """How many of the day's movements are refunds that came back. One may have succeeded days ago, and so stand in no list of
    this day: its refund is looked at again (C38)."""
    count = 0
    rows = BalanceTransaction.objects.filter(created_at__gte=day.start, created_at__lt=day.end, kind=CAME_BACK)
    for refund_id in rows.order_by("pk").values_list("source_id", flat=True).iterator():
        try:
            compare_refunds([gateway.retrieve_refund(refund_id)])
        except gateway.NotFound:
            log.warning("failed_refund_not_found", refund=refund_id)
        count += 1
    return count


def compare_refunds(page: list[facts.Refund]) -> None:
    """Books those that differ; one of a payment that is not here yet is noted, and closed once it is booked."""
    ids = [found.id for found in page]
    known: dict[str | None, str] = {}
    for model in (Refund, LinkRefund):
        known |= dict(model.objects.filter(provider_id__in=ids).values_list("provider_id", "state"))
    agreeing = [found.id for found in page if known.get(found.id) == refunds.STATES.get(found.status) or _book(found)]
    discrepancies.agree(agreeing, Kind.REFUND)


def _book(found: facts.Refund) -> bool:
    try:
        return dispatch.book_refund(found)
    except NotVisibleYet:
        theirs = f"{found.amount_cents / 100:.2f} {found.currency}"
        discrepancies.found(Kind.REFUND, found.id, ours="", theirs=theirs)
        return False


def disputes_made(day: Day) -> int:
    """How many Stripe has. One of a payment that is not the shop's is noted: somebody must answer it in time."""
    count = 0
    for page in in_pages(gateway.disputes_made(day.span)):
        compare_disputes(page)
        count += len(page)
    return count


def compare_disputes(page: list[facts.Dispute]) -> None:
    """As compare_refunds."""
    rows = Dispute.objects.filter(provider_id__in=[found.id for found in page])
    known = dict(rows.values_list("provider_id", "status"))
    agreeing = []
    for found in page:
        if known.get(found.id) == found.status or _book_dispute(found):
            agreeing.append(found.id)
        else:
            discrepancies.found(Kind.DISPUTE, found.id, ours="", theirs=f"{found.status}, {found.reason}")
    discrepancies.agree(agreeing, Kind.DISPUTE)


def _book_dispute(found: facts.Dispute) -> bool:
    try:
        return dispatch.book_dispute(found)
    except NotVisibleYet:  # it names an order that is not here, as after a restored backup
        return False
