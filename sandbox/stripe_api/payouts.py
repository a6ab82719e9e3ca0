"""Payouts: what is on the balance and not yet paid out, sent to the shop's bank, with its balance transactions."""

from typing import Any

from sandbox.stripe_api import balance
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, page
from sandbox.world import Object, World, new_id, now


def automatic(world: World) -> Object:
    """Pays out every euro transaction that no payout holds yet. Raises ApiError when there is nothing to pay out."""
    waiting = [item for item in world.all("balance_transaction") if not item["_payout"] and item["currency"] == "eur"]
    amount = sum(item["net"] for item in waiting)
    if amount <= 0:
        raise ApiError("There is nothing to pay out.", code="balance_insufficient")
    payout = _make(world, amount, True, {})
    for item in waiting:
        world.save(item | {"_payout": payout["id"], "status": "available"})
    return payout


def create(world: World, params: dict[str, Any]) -> Object:
    """A payout by hand; its sum is not tied to single transactions, as at Stripe."""
    held = sum(item["net"] for item in world.all("balance_transaction") if item["currency"] == params["currency"])
    if params["amount"] > held:
        raise ApiError(
            "You have insufficient funds in your Stripe account for this transfer.", code="balance_insufficient"
        )
    return _make(world, params["amount"], False, params.get("metadata"))


def _make(world: World, amount: int, is_automatic: bool, metadata: Any) -> Object:
    payout: Object = {
        "id": new_id("po"), "object": "payout", "amount": amount, "application_fee": None, "application_fee_amount": None,
        "arrival_date": now(), "automatic": is_automatic, "balance_transaction": None, "created": now(), "currency": "eur",
        "description": "STRIPE PAYOUT", "destination": "ba_sandbox", "failure_balance_transaction": None,
        "failure_code": None, "failure_message": None, "livemode": False, "metadata": merged_metadata({}, metadata),
        "method": "standard", "original_payout": None, "reconciliation_status": "completed", "reversed_by": None,
        "source_type": "card", "statement_descriptor": None, "status": "paid", "type": "bank_account",
    }  # fmt: skip
    transaction = balance.add(world, "payout", payout, -amount)
    transaction["_payout"] = payout["id"]
    payout["balance_transaction"] = transaction["id"]
    world.save(payout)
    emit(world, "payout.created", payout)
    emit(world, "payout.paid", payout)
    return payout


def retrieve(world: World, params: dict[str, Any], payout_id: str) -> Object:
    return find(world, "payout", payout_id)


def listed(world: World, params: dict[str, Any]) -> Object:
    return page(world.all("payout"), params, "/v1/payouts", "status")
