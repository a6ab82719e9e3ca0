"""The day's Sessions and PaymentIntents against our attempts: what a missed webhook left is healed by the same services,
what cannot be healed is a discrepancy."""

import structlog
from django.db.models import Sum

from payments import attempts, dispatch, facts, gateway, link_refunds, refunds
from payments.confirmation import NotVisibleYet
from payments.models import Discrepancy, LinkPayment, PaymentAttempt, Refund
from payments.reconciliation import discrepancies
from payments.reconciliation.days import Day, in_pages

State = PaymentAttempt.State
Kind = Discrepancy.Kind
COMPARED = (Kind.MISSING_HERE, Kind.AMOUNT, Kind.CURRENCY, Kind.STATE, Kind.REFUND)

log = structlog.get_logger(__name__)


def sessions(day: Day) -> int:
    """Settles the Sessions whose end never reached us; how many Sessions Stripe has of the day."""
    count = 0
    for page in in_pages(gateway.sessions_made(day.span)):
        known = dict(
            PaymentAttempt.objects.filter(session_id__in=[found.id for found in page]).values_list(
                "session_id", "state"
            )
        )
        ids = [found.id for found in page]
        known |= dict(LinkPayment.objects.filter(session_id__in=ids).values_list("session_id", "state"))
        for found in page:
            if _behind(found, known.get(found.id)):
                _settle_session(found)
        count += len(page)
    return count


def _behind(found: facts.Session, state: str | None) -> bool:
    if state == State.CONFIRMED:
        return False
    return found.paid or (found.status != "open" and (state is None or state in attempts.OPEN))


def _settle_session(found: facts.Session) -> None:
    try:
        dispatch.settle_session(found)
    except NotVisibleYet:
        log.warning("session_of_no_order", session=found.id)  # paid, its Intent becomes a discrepancy


def intents(day: Day) -> int:
    """Compares the day's PaymentIntents with our attempts; how many Stripe has."""
    count = 0
    for page in in_pages(gateway.intents_made(day.span)):
        _settle_waiting(page)
        compare(page)
        count += len(page)
    return count


def _settle_waiting(page: list[facts.Intent]) -> None:
    """Payment Elements whose money has not come: no Session of the day tells of their vouchers and failures (C51)."""
    waiting = {found.id: found for found in page if found.status != "succeeded"}
    elements = PaymentAttempt.objects.filter(method=PaymentAttempt.Method.ELEMENTS, state__in=attempts.OPEN)
    for intent_id in elements.filter(intent_id__in=waiting).values_list("intent_id", flat=True):
        _settle_intent(waiting[str(intent_id)])


def compare(page: list[facts.Intent]) -> None:
    """Settles what the shop has not booked of these Intents, then notes what differs, and closes what agrees. They must
    have been asked for with their charges."""
    paid = [found for found in page if found.status == "succeeded"]
    known = _attempts_of(paid)
    by_link = _links_of(paid)
    late = [
        found
        for found in paid
        if found.id not in by_link and (found.id not in known or known[found.id].state != State.CONFIRMED)
    ]
    for found in late:
        _settle_intent(found)
    known |= _attempts_of(late)
    links = _links_of([found for found in paid if found.id not in known])
    agreeing = [
        found.id
        for found in paid
        if (_link_agrees(found, links[found.id]) if found.id in links else _agrees(found, known.get(found.id)))
    ]
    discrepancies.agree(agreeing, *COMPARED)


def _attempts_of(found: list[facts.Intent]) -> dict[str, PaymentAttempt]:
    rows = PaymentAttempt.objects.filter(intent_id__in=[intent.id for intent in found])
    return {str(attempt.intent_id): attempt for attempt in rows}


def _links_of(found: list[facts.Intent]) -> dict[str, LinkPayment]:
    rows = LinkPayment.objects.filter(intent_id__in=[intent.id for intent in found])
    return {str(payment.intent_id): payment for payment in rows}


def _link_agrees(found: facts.Intent, payment: LinkPayment) -> bool:
    """The same for money that came by a payment link; what went back is taken over from Stripe."""
    if not _money_agrees(found, payment):
        return False
    if found.refunded_cents not in (None, payment.refunded_cents):
        link_refunds.sync(found.id)
        payment.refresh_from_db()
    return _refunded_agrees(found, payment)


def _settle_intent(found: facts.Intent) -> None:
    try:
        dispatch.settle_intent(found.id)
    except (NotVisibleYet, gateway.GatewayRefused) as error:
        log.warning("intent_not_settled", intent=found.id, error=type(error).__name__)


def _agrees(found: facts.Intent, attempt: PaymentAttempt | None) -> bool:
    """Whether both sides say the same; what they do not is noted (C53)."""
    if attempt is None:
        theirs = f"{_money(found.received_cents, found.currency)}, {found.metadata.get('order') or '-'}"
        discrepancies.found(Kind.MISSING_HERE, found.id, ours="", theirs=theirs)
        return False
    if attempt.state != State.CONFIRMED:
        discrepancies.found(Kind.STATE, found.id, ours=attempt.state, theirs=found.status, attempt=attempt)
        return False
    if not _money_agrees(found, attempt):
        return False
    if found.refunded_cents not in (None, attempt.refunded_cents):
        refunds.sync(found.id)
        attempt.refresh_from_db()
    return _refunded_agrees(found, attempt)


def _money_agrees(found: facts.Intent, payment: PaymentAttempt | LinkPayment) -> bool:
    attempt = payment if isinstance(payment, PaymentAttempt) else None
    if found.currency != payment.currency:
        discrepancies.found(Kind.CURRENCY, found.id, ours=payment.currency, theirs=found.currency, attempt=attempt)
        return False
    if found.received_cents != payment.received_cents:
        ours = _money(payment.received_cents or 0, payment.currency)
        theirs = _money(found.received_cents, found.currency)
        discrepancies.found(Kind.AMOUNT, found.id, ours=ours, theirs=theirs, attempt=attempt)
        return False
    return True


def _refunded_agrees(found: facts.Intent, payment: PaymentAttempt | LinkPayment) -> bool:
    """Stripe counts a refund when it is made, the shop when it has arrived (C38): those on their way are no difference."""
    if found.refunded_cents in (None, payment.refunded_cents):
        return True
    under_way = payment.refunds.filter(state=Refund.State.PENDING).aggregate(sum=Sum("amount_cents"))["sum"] or 0
    if found.refunded_cents == payment.refunded_cents + under_way:
        return True
    attempt = payment if isinstance(payment, PaymentAttempt) else None
    booked = payment.refunded_cents + under_way
    ours, theirs = (_money(cents or 0, payment.currency) for cents in (booked, found.refunded_cents))
    discrepancies.found(Kind.REFUND, found.id, ours=ours, theirs=theirs, attempt=attempt)
    return False


def _money(cents: int, currency: str) -> str:
    return f"{cents / 100:.2f} {currency}"
