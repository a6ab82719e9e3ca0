"""Disputes: a customer's bank asks for the money back; the operator's page lets them be won or lost."""

from typing import Any

from sandbox.stripe_api import balance
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, page, public
from sandbox.world import Object, World, new_id, now

DISPUTE_FEE = 2000  # cents
EVIDENCE_SECONDS = 9 * 86_400
CLOSED = ("won", "lost", "warning_closed")


def open_dispute(world: World, charge: Object) -> Object:
    """Takes the money and the fee back from the balance; needs_response until it is won or lost."""
    dispute: Object = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": now() + EVIDENCE_SECONDS,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"},
        },
        "reason": "fraudulent",
        "status": "needs_response",
    }
    world.save(dispute)
    charge["disputed"] = True
    world.save(charge)
    emit(world, "charge.dispute.created", dispute)
    _move(world, dispute, -dispute["amount"], DISPUTE_FEE)
    emit(world, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(world: World, dispute: Object, won: bool) -> Object:
    """Ends a dispute; a won one brings the money back. Raises ApiError when it is closed already."""
    if dispute["status"] in CLOSED:
        raise ApiError("This dispute is already closed", code="dispute_closed")
    dispute["status"] = "won" if won else "lost"
    world.save(dispute)
    emit(world, "charge.dispute.closed", dispute)
    if won:
        _move(world, dispute, dispute["amount"], 0)
        emit(world, "charge.dispute.funds_reinstated", dispute)
    return dispute


def retrieve(world: World, params: dict[str, Any], dispute_id: str) -> Object:
    return find(world, "dispute", dispute_id)


def update(world: World, params: dict[str, Any], dispute_id: str) -> Object:
    dispute = find(world, "dispute", dispute_id)
    dispute["metadata"] = merged_metadata(dispute["metadata"], params.get("metadata"))
    dispute["evidence"] |= params.get("evidence") or {}
    if params.get("evidence"):
        dispute["evidence_details"]["has_evidence"] = True
    if params.get("submit"):
        dispute["status"] = "under_review"
        dispute["evidence_details"]["submission_count"] += 1
    world.save(dispute)
    emit(world, "charge.dispute.updated", dispute)
    return dispute


def close_call(world: World, params: dict[str, Any], dispute_id: str) -> Object:
    """POST /v1/disputes/:id/close accepts the loss."""
    return close(world, find(world, "dispute", dispute_id), won=False)


def listed(world: World, params: dict[str, Any]) -> Object:
    return page(world.all("dispute"), params, "/v1/disputes", "charge", "payment_intent")


def _move(world: World, dispute: Object, amount: int, fee: int) -> None:
    transaction = balance.add(world, "adjustment", dispute, amount, fee)
    dispute["balance_transactions"].append(public(transaction))
    world.save(dispute)
