"""Movements of the balance and payouts, booked; confirmed payments that Stripe has no movement for (C54, C55)."""

import datetime

from django.utils import timezone

from payments import facts, gateway
from payments.models import BalanceTransaction, Discrepancy, PaymentAttempt, Payout, Refund
from payments.reconciliation import discrepancies
from payments.reconciliation.days import Day, in_pages

Kind = Discrepancy.Kind
CHARGES = ("charge", "payment")
LOOK_BACK = datetime.timedelta(days=30)  # a payment whose movement is still missing is asked for this long
ENDED = ("paid", "canceled", "failed")


def movements(day: Day) -> int:
    """Books the day's balance transactions with their fees; how many there are."""
    return sum(book(page) for page in in_pages(gateway.balance_transactions(created=day.span)))


def book(page: list[facts.BalanceTransaction], payout_id: str = "") -> int:
    """Writes movements that are new, and the payout of those that got one since; how many were given."""
    owners = _owners({found.source_id for found in page})
    rows = [
        BalanceTransaction(
            provider_id=found.id,
            kind=found.kind,
            source_id=found.source_id,
            attempt_id=owners.get(found.source_id),
            amount_cents=found.amount_cents,
            fee_cents=found.fee_cents,
            net_cents=found.net_cents,
            currency=found.currency,
            payout_id=payout_id,
            created_at=found.created_at,
        )
        for found in page
    ]
    again = ["attempt", "payout_id"] if payout_id else ["attempt"]
    BalanceTransaction.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["provider_id"], update_fields=again
    )
    return len(page)


def _owners(source_ids: set[str]) -> dict[str, int]:
    """Which attempt a charge or refund belongs to."""
    charges = PaymentAttempt.objects.filter(charge_id__in=source_ids).values_list("charge_id", "pk")
    refunded = Refund.objects.filter(provider_id__in=source_ids).values_list("provider_id", "attempt_id")
    return {**dict(charges), **{str(refund): attempt for refund, attempt in refunded}}


def without_movement(day: Day) -> int:
    """Confirmed payments whose charge has no movement yet: booked now where Stripe has it; a payment that Stripe does
    not know at all is a discrepancy. How many still have none."""
    confirmed = PaymentAttempt.objects.filter(
        state=PaymentAttempt.State.CONFIRMED,
        method__in=[PaymentAttempt.Method.CHECKOUT, PaymentAttempt.Method.ELEMENTS],
        confirmed_at__lt=day.end,
        confirmed_at__gte=day.start - LOOK_BACK,
        received_cents__gt=0,
    ).exclude(balance_transactions__kind__in=CHARGES)
    missing = 0
    for attempt in confirmed.order_by("pk").iterator():
        missing += not _look_for(attempt)
    return missing


def _look_for(attempt: PaymentAttempt) -> bool:
    try:
        intent = gateway.retrieve_intent(str(attempt.intent_id))
    except gateway.NotFound:
        sum_here = f"{(attempt.received_cents or 0) / 100:.2f} {attempt.currency}"
        discrepancies.found(Kind.MISSING_THERE, attempt.public_id, ours=sum_here, theirs="", attempt=attempt)
        return False
    discrepancies.agree([attempt.public_id], Kind.MISSING_THERE)
    if not intent.charge_id:
        return False
    if attempt.charge_id != intent.charge_id:
        PaymentAttempt.objects.filter(pk=attempt.pk).update(charge_id=intent.charge_id)
    return bool(book(list(gateway.balance_transactions(source=intent.charge_id))))


def payouts(day: Day) -> int:
    """Books the day's payouts and compares each with its movements (C55); looks again at those still under way."""
    count = 0
    for found in gateway.payouts_made(day.span):
        _book_payout(found)
        count += 1
    waiting = Payout.objects.exclude(status__in=ENDED).filter(
        created_at__lt=timezone.now() - datetime.timedelta(hours=1)
    )
    for provider_id in list(waiting.values_list("provider_id", flat=True)):
        _book_payout(gateway.retrieve_payout(provider_id))
    return count


def _book_payout(found: facts.Payout) -> None:
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
