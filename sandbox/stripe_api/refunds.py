"""Refunds: never more than the charge; at once succeeded, or pending or failed when the sandbox is told so."""

from typing import Any

from sandbox.stripe_api import balance
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, page
from sandbox.world import Object, World, new_id, now


def create(world: World, params: dict[str, Any]) -> Object:
    charge = _charge(world, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if not left:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount < 1:
        raise ApiError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        unit = "unrefunded amount" if charge["amount_refunded"] else "charge amount"
        raise ApiError(f"Refund amount (€{amount / 100:.2f}) is greater than {unit} on charge (€{left / 100:.2f})",
                       param="amount")  # fmt: skip
    if charge["disputed"]:
        raise ApiError(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    wanted = world.faults.settings.refund_status
    refund: Object = {
        "id": new_id("re"), "object": "refund", "amount": amount, "balance_transaction": None, "charge": charge["id"],
        "created": now(), "currency": charge["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": merged_metadata({}, params.get("metadata")), "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"), "receipt_number": None, "source_transfer_reversal": None,
        "status": "succeeded" if wanted == "succeeded" else "pending", "transfer_reversal": None,
    }  # fmt: skip
    refund["balance_transaction"] = balance.add(world, "refund", refund, -amount)["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.save(refund)
    world.save(charge)
    emit(world, "refund.created", refund)
    emit(world, "charge.refunded", charge)
    emit(world, "charge.refund.updated", refund)
    if wanted == "failed":
        refund["_fail_at"] = now() + 2
    return world.save(refund)


def _charge(world: World, params: dict[str, Any]) -> Object:
    if params.get("charge"):
        charge = find(world, "charge", params["charge"], "charge")
    elif params.get("payment_intent"):
        intent = find(world, "payment_intent", params["payment_intent"], "payment_intent")
        if intent["status"] != "succeeded":
            raise ApiError("This PaymentIntent does not have a successful charge to refund.",
                           code="payment_intent_unexpected_state")  # fmt: skip
        charge = find(world, "charge", intent["latest_charge"])
    else:
        raise ApiError("One of the following params should be provided for this request: payment_intent or charge.")
    if charge["status"] != "succeeded":
        raise ApiError(f"Charge {charge['id']} is not refundable: it has a status of {charge['status']}.")
    return charge


def settle(world: World, refund: Object, success: bool) -> Object:
    """Ends a pending refund; a failed one puts the money back on the balance. Raises ApiError unless it is pending."""
    if refund["status"] != "pending":
        raise ApiError(f"This refund has a status of {refund['status']}.")
    refund["status"] = "succeeded" if success else "failed"
    refund.pop("_fail_at", None)
    if not success:
        refund["failure_reason"] = "lost_or_stolen_card"
        refund["failure_balance_transaction"] = balance.add(world, "refund_failure", refund, refund["amount"])["id"]
        charge = find(world, "charge", refund["charge"])
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        world.save(charge)
    world.save(refund)
    emit(world, "refund.updated" if success else "refund.failed", refund)
    emit(world, "charge.refund.updated", refund)
    return refund


def retrieve(world: World, params: dict[str, Any], refund_id: str) -> Object:
    return find(world, "refund", refund_id)


def update(world: World, params: dict[str, Any], refund_id: str) -> Object:
    refund = find(world, "refund", refund_id)
    refund["metadata"] = merged_metadata(refund["metadata"], params.get("metadata"))
    world.save(refund)
    emit(world, "refund.updated", refund)
    return refund


def listed(world: World, params: dict[str, Any]) -> Object:
    return page(world.all("refund"), params, "/v1/refunds", "charge", "payment_intent")
