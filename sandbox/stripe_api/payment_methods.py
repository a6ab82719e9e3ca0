"""PaymentMethods: card, MB WAY and Multibanco, in their minimal shape."""

from typing import Any

from sandbox.stripe_api import cards
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.rendering import find
from sandbox.world import Object, World, new_id, now


def make(
    world: World, kind: str, billing: Object | None = None, number: str = "", expiry: tuple[int, int] = (12, 2034)
) -> Object:
    """Saves a method of the kind card, mb_way or multibanco. Raises ApiError 402 for a number that is no test card."""
    method: Object = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
        | (billing or {}),
        "created": now(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }
    if kind == "card":
        card = cards.find(number)
        if card is None:
            raise ApiError("Your card number is incorrect.", status=402, kind="card_error", code="incorrect_number",
                           param="number")  # fmt: skip
        method["_number"] = card.number
        method["card"] = {
            "brand": card.brand, "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "PT", "display_brand": card.brand, "exp_month": expiry[0], "exp_year": expiry[1],
            "fingerprint": f"sandbox{card.last4}", "funding": "credit", "generated_from": None, "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None}, "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True}, "wallet": None,
        }  # fmt: skip
    else:
        method[kind] = {}
    return world.save(method)


def resolve(world: World, method_id: str) -> Object:
    """A stored method, or a fresh one for a published test id such as pm_card_visa. Raises ApiError 404."""
    if method_id in cards.BY_TEST_METHOD:
        return make(world, "card", number=cards.BY_TEST_METHOD[method_id])
    return find(world, "payment_method", method_id, "payment_method")


def create(world: World, params: dict[str, Any]) -> Object:
    kind = params.get("type")
    if kind not in ("card", "mb_way", "multibanco"):
        raise ApiError(f"The sandbox knows no payment method of type {kind}.", param="type")
    card = params.get("card") or {}
    if kind == "card" and card.get("token"):
        number = {"tok_visa": "4242424242424242", "tok_mastercard": "5555555555554444"}.get(card["token"], "")
        return make(world, kind, params.get("billing_details"), number)
    expiry = (card.get("exp_month", 12), card.get("exp_year", 2034))
    method = make(world, kind, params.get("billing_details"), card.get("number", ""), expiry)
    method["metadata"] = params.get("metadata") or {}
    return world.save(method)


def retrieve(world: World, params: dict[str, Any], method_id: str) -> Object:
    return find(world, "payment_method", method_id)
