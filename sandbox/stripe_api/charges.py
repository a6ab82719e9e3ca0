"""Charges (made by paying an intent) and balance transactions: retrieve and list."""

from typing import Any

from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, page
from sandbox.world import Object, World


def retrieve(world: World, params: dict[str, Any], charge_id: str) -> Object:
    return find(world, "charge", charge_id)


def update(world: World, params: dict[str, Any], charge_id: str) -> Object:
    charge = find(world, "charge", charge_id)
    charge["metadata"] = merged_metadata(charge["metadata"], params.get("metadata"))
    charge |= {name: params[name] or None for name in ("description", "receipt_email", "shipping") if name in params}
    world.save(charge)
    emit(world, "charge.updated", charge)
    return charge


def listed(world: World, params: dict[str, Any]) -> Object:
    return page(world.all("charge"), params, "/v1/charges", "customer", "payment_intent")


def transaction(world: World, params: dict[str, Any], transaction_id: str) -> Object:
    return find(world, "balance_transaction", transaction_id)


def transactions(world: World, params: dict[str, Any]) -> Object:
    payout = params.get("payout")
    return page(
        world.all("balance_transaction"), params, "/v1/balance_transactions", "source", "type", "currency",
        keep=lambda item: payout in (None, item["_payout"]),
    )  # fmt: skip
