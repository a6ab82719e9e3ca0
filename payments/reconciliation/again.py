"""Discrepancies that are open, looked at again whatever their day: so each closes by itself once both sides agree (C53)."""

from collections.abc import Callable

import structlog

from payments import gateway
from payments.models import Discrepancy, LinkPayment, PaymentAttempt
from payments.reconciliation import balance, payments, returned

Kind = Discrepancy.Kind
AT_MOST = 500  # a run; more would mean a wrong account, not differences

log = structlog.get_logger(__name__)


def open_ones() -> int:
    """How many were looked at. Raises GatewayUnavailable."""
    rows = Discrepancy.objects.filter(resolved_at=None, kind__in=LOOK)
    chosen = list(rows.order_by("found_at", "pk").values_list("kind", "object_id")[:AT_MOST])
    for kind, object_id in chosen:
        try:
            LOOK[Kind(kind)](object_id)
        except gateway.GatewayRefused as error:
            log.warning("discrepancy_not_looked_at", kind=kind, object=object_id, error=type(error).__name__)
    return len(chosen)


def _intent(intent_id: str) -> None:
    if intent_id.startswith("pi_"):  # a charge without an Intent has nothing here that it could agree with
        payments.compare([gateway.intent_with_charge(intent_id)])


def _refund(object_id: str) -> None:
    """Either the Intent, where the sums of its refunds differ, or one refund that no payment here has."""
    if object_id.startswith("pi_"):
        _intent(object_id)
    else:
        returned.compare_refunds([gateway.retrieve_refund(object_id)])


def _dispute(dispute_id: str) -> None:
    returned.compare_disputes([gateway.retrieve_dispute(dispute_id)])


def _confirmed(public_id: str) -> None:
    for model in (PaymentAttempt, LinkPayment):
        for payment in model.objects.filter(public_id=public_id):
            balance.look_for(payment)


def _payout(payout_id: str) -> None:
    balance.book_payout(gateway.retrieve_payout(payout_id))


LOOK: dict[Discrepancy.Kind, Callable[[str], None]] = {
    Kind.MISSING_HERE: _intent,
    Kind.MISSING_THERE: _confirmed,
    Kind.AMOUNT: _intent,
    Kind.CURRENCY: _intent,
    Kind.STATE: _intent,
    Kind.REFUND: _refund,
    Kind.DISPUTE: _dispute,
    Kind.PAYOUT: _payout,
}
