"""Customers: create, retrieve, update, delete, list."""

from typing import Any

from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, page
from sandbox.world import Object, World, new_id, now

PLAIN = ("address", "description", "email", "name", "phone", "preferred_locales", "shipping", "tax_exempt")


def create(world: World, params: dict[str, Any]) -> Object:
    email = params.get("email")
    if email and "@" not in email:
        raise ApiError(f"Invalid email address: {email}", code="email_invalid", param="email")
    customer: Object = {
        "id": new_id("cus", 14), "object": "customer", "balance": 0, "created": now(), "currency": None,
        "default_source": None, "delinquent": False, "discount": None, "invoice_prefix": new_id("x", 8)[2:].upper(),
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None}, "livemode": False,
        "metadata": merged_metadata({}, params.get("metadata")), "next_invoice_sequence": 1, "test_clock": None,
    }  # fmt: skip
    customer |= {name: params.get(name) for name in PLAIN}
    world.save(customer)
    emit(world, "customer.created", customer)
    return customer


def retrieve(world: World, params: dict[str, Any], customer_id: str) -> Object:
    return find(world, "customer", customer_id, "customer")


def update(world: World, params: dict[str, Any], customer_id: str) -> Object:
    customer = find(world, "customer", customer_id, "customer")
    customer |= {name: params[name] or None for name in PLAIN if name in params}
    customer["metadata"] = merged_metadata(customer["metadata"], params.get("metadata"))
    world.save(customer)
    emit(world, "customer.updated", customer)
    return customer


def delete(world: World, params: dict[str, Any], customer_id: str) -> Object:
    customer = find(world, "customer", customer_id, "customer")
    world.forget(customer)
    emit(world, "customer.deleted", customer)
    return {"id": customer_id, "object": "customer", "deleted": True}


def listed(world: World, params: dict[str, Any]) -> Object:
    return page(world.all("customer"), params, "/v1/customers", "email")
