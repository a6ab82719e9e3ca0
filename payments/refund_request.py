"""A refund asked of Stripe once, whatever Stripe answers (C33, C43, C44)."""

from collections.abc import Callable, Iterator, Mapping

from payments import facts, gateway
from payments.models import LinkRefund, Refund

MOST_KEYS = 50  # each answer of 500 uses one up; the outbox gives up before


def create(
    intent_id: str,
    amount_cents: int,
    metadata: Mapping[str, str],
    *,
    idempotency_key: str,
    look_for: Callable[[], facts.Refund | None],
) -> facts.Refund:
    """The refund of that key, made now or before.

    A key whose first answer was a 500 answers so for a day, whether or not the refund was made (Stripe, "Idempotent
    requests"). Then `look_for` asks Stripe's list; what was never made is asked for with the next key of a fixed row, so
    that a call whose answer is lost is repeated with the same one. Raises GatewayError.
    """
    for key in _keys(idempotency_key):
        try:
            return gateway.create_refund(intent_id, amount_cents, metadata, idempotency_key=key)
        except gateway.GatewayUnavailable as error:
            if not error.replayed:
                raise
            if found := look_for():
                return found
    raise gateway.GatewayUnavailable("no key left that does not answer 500")


def repeats(known: Refund | LinkRefund, amount_cents: int | None, reason: str) -> bool:
    """C59: whether what is asked for is what was asked for before: the amount, or that none was named, and the reason."""
    if known.asked_all is None:  # noted by an earlier version
        return amount_cents in (None, known.amount_cents)
    asked = None if known.asked_all else known.amount_cents
    return (amount_cents, reason[:255]) == (asked, known.reason)


def _keys(first: str) -> Iterator[str]:
    yield first
    for number in range(2, MOST_KEYS + 1):
        yield f"{first}-{number}"
