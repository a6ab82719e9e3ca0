"""Movements of the balance and payouts, booked; confirmed payments that Stripe has no movement for, and money that moved
the balance and that nobody here knows (C53–C55)."""

import datetime

from django.db.models import Q
from django.utils import timezone

from payments import facts, gateway
from payments.models import BalanceTransaction, Discrepancy, LinkPayment, LinkRefund, PaymentAttempt, Payout, Refund
from payments.reconciliation import discrepancies, payments
from payments.reconciliation.days import Day, in_pages

Kind = Discrepancy.Kind
CHARGES = ("charge", "payment")
LOOK_BACK = datetime.timedelta(days=30)  # a payment whose movement is still missing is asked for this long
ENDED = ("paid", "canceled", "failed")
BANK_MAY_REFUSE = datetime.timedelta(days=10)  # a payout that fails may show as paid first (Stripe: The Payout object)


def movements(day: Day) -> int:
    """Books the day's balance transactions with their fees; how many there are."""
    return sum(book(page) for page in in_pages(gateway.balance_transactions(created=day.span)))


def book(page: list[facts.BalanceTransaction], payout_id: str = "") -> int:
    """Writes movements that are new, and the payout of those that got one since; how many were given."""
    sources = {found.source_id for found in page} - {""}  # Stripe's own fees have none, and open payments no charge yet
    owners, links = _owners(sources), _link_owners(sources)
    rows = [
        BalanceTransaction(
            provider_id=found.id,
            kind=found.kind,
            source_id=found.source_id,
            attempt_id=owners.get(found.source_id),
            link_payment_id=links.get(found.source_id),
            amount_cents=found.amount_cents,
            fee_cents=found.fee_cents,
            net_cents=found.net_cents,
            currency=found.currency,
            payout_id=payout_id,
            created_at=found.created_at,
        )
        for found in page
    ]
    again = ["attempt", "link_payment", *(["payout_id"] if payout_id else [])]
    BalanceTransaction.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["provider_id"], update_fields=again
    )
    return len(page)


def _owners(source_ids: set[str]) -> dict[str, int]:
    """Which attempt a charge or refund belongs to."""
    charges = PaymentAttempt.objects.filter(charge_id__in=source_ids).values_list("charge_id", "pk")
    refunded = Refund.objects.filter(provider_id__in=source_ids).values_list("provider_id", "attempt_id")
    return {**dict(charges), **{str(refund): attempt for refund, attempt in refunded}}


def _link_owners(source_ids: set[str]) -> dict[str, int]:
    """The same for payments by link."""
    charges = LinkPayment.objects.filter(charge_id__in=source_ids).values_list("charge_id", "pk")
    refunded = LinkRefund.objects.filter(provider_id__in=source_ids).values_list("provider_id", "payment_id")
    return {**dict(charges), **{str(refund): payment for refund, payment in refunded}}


def of_nobody(day: Day) -> int:
    """Charges among the day's movements that no payment of the shop owns, such as a Session of another day whose event was
    missed: settled now, or a discrepancy where the shop knows nothing of it (C53). How many there were."""
    count = 0
    rows = BalanceTransaction.objects.filter(created_at__gte=day.start, created_at__lt=day.end, kind__in=CHARGES)
    for page in in_pages(rows.filter(attempt=None, link_payment=None).order_by("pk").iterator()):
        found = [(row, gateway.intent_of_charge(row.source_id)) for row in page]
        payments.compare([intent for _row, intent in found if intent is not None])
        for row, intent in found:
            if intent is None:  # charged in the dashboard, without an Intent
                theirs = f"{row.amount_cents / 100:.2f} {row.currency}, -"
                discrepancies.found(Kind.MISSING_HERE, row.source_id, ours="", theirs=theirs)
        _tie(page)
        count += len(page)
    return count


def _tie(rows: list[BalanceTransaction]) -> None:
    """Gives booked movements the owners that are known by now."""
    sources = {row.source_id for row in rows} - {""}
    owners, links = _owners(sources), _link_owners(sources)
    for row in rows:
        row.attempt_id, row.link_payment_id = owners.get(row.source_id), links.get(row.source_id)
    BalanceTransaction.objects.bulk_update(rows, ["attempt", "link_payment"])


def without_movement(day: Day) -> int:
    """Confirmed payments whose charge has no movement yet: booked now where Stripe has it; a payment that Stripe does
    not know at all is a discrepancy. How many still have none."""
    at_stripe = [PaymentAttempt.Method.CHECKOUT, PaymentAttempt.Method.ELEMENTS]
    in_time = Q(confirmed_at__gte=day.start - LOOK_BACK, confirmed_at__lt=day.end, received_cents__gt=0)
    orders = PaymentAttempt.objects.filter(in_time, state=PaymentAttempt.State.CONFIRMED, method__in=at_stripe)
    links = LinkPayment.objects.filter(in_time, state=LinkPayment.State.CONFIRMED)
    missing = 0
    for attempt in orders.exclude(balance_transactions__kind__in=CHARGES).order_by("pk").iterator():
        missing += not look_for(attempt)
    for payment in links.exclude(balance_transactions__kind__in=CHARGES).order_by("pk").iterator():
        missing += not look_for(payment)
    return missing


def look_for(payment: PaymentAttempt | LinkPayment) -> bool:
    """Books the movement of a confirmed payment; False where Stripe has none yet, or does not know the payment (C53)."""
    try:
        intent = gateway.retrieve_intent(str(payment.intent_id))
    except gateway.NotFound:
        sum_here = f"{(payment.received_cents or 0) / 100:.2f} {payment.currency}"
        attempt = payment if isinstance(payment, PaymentAttempt) else None
        discrepancies.found(Kind.MISSING_THERE, payment.public_id, ours=sum_here, theirs="", attempt=attempt)
        return False
    discrepancies.agree([payment.public_id], Kind.MISSING_THERE)
    if not intent.charge_id:
        return False
    if payment.charge_id != intent.charge_id:
        payment.charge_id = intent.charge_id
        payment.save(update_fields=["charge_id"])
    return bool(book(list(gateway.balance_transactions(source=intent.charge_id))))


def payouts(day: Day) -> int:
    """Books the day's payouts and compares each with its movements (C55); looks again at those still under way."""
    count = 0
    for found in gateway.payouts_made(day.span):
        book_payout(found)
        count += 1
    now = timezone.now()
    may_change = ~Q(status__in=ENDED) | Q(status="paid", created_at__gte=now - BANK_MAY_REFUSE)
    waiting = Payout.objects.filter(may_change, created_at__lt=now - datetime.timedelta(hours=1))
    for provider_id in list(waiting.values_list("provider_id", flat=True)):
        book_payout(gateway.retrieve_payout(provider_id))
    return count


def book_payout(found: facts.Payout) -> None:
    """Writes the payout and its movements; whether they sum to it is noted (C55)."""
    values = {
        "amount_cents": found.amount_cents,
        "currency": found.currency,
        "status": found.status,
        "automatic": found.automatic,
        "arrives_at": found.arrives_at,
        "created_at": found.created_at,
    }
    Payout.objects.update_or_create(provider_id=found.id, defaults=values)
    if not found.automatic:
        return  # one made by hand is not tied to single movements
    total = 0
    for page in in_pages(gateway.balance_transactions(payout=found.id)):
        book(page, found.id)
        total += sum(moved.net_cents for moved in page if moved.kind != "payout")
    if total == found.amount_cents:
        discrepancies.agree([found.id], Kind.PAYOUT)
    else:
        ours, theirs = f"{total / 100:.2f} {found.currency}", f"{found.amount_cents / 100:.2f} {found.currency}"
        discrepancies.found(Kind.PAYOUT, found.id, ours=ours, theirs=theirs)
