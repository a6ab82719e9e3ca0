"""PaymentIntents: create, retrieve, update, confirm, cancel, list."""

from typing import Any

from sandbox.stripe_api import amounts, attempts, payment_methods
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, page, public
from sandbox.world import Object, World, new_id, now

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")
PLAIN = ("description", "receipt_email", "shipping", "customer", "setup_future_usage", "statement_descriptor_suffix")
EMPTY = (
    "canceled_at",
    "application",
    "application_fee_amount",
    "cancellation_reason",
    "customer",
    "description",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "processing",
    "receipt_email",
    "review",
    "setup_future_usage",
    "shipping",
    "source",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)


def make(world: World, amount: int, currency: str, params: dict[str, Any], session_id: str = "") -> Object:
    """Saves an intent in requires_payment_method and tells the world."""
    intent_id = new_id("pi")
    intent: Object = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{new_id('x')[2:]}",
        "confirmation_method": "automatic",
        "created": now(),
        "currency": currency,
        "livemode": False,
        "metadata": merged_metadata({}, params.get("metadata")),
        "payment_method_options": params.get("payment_method_options")
        or {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": amounts.methods(
            amount, currency, params.get("allowed_payment_method_types"), params.get("excluded_payment_method_types")
        ),
        "status": "requires_payment_method",
        "_session": session_id,
    }
    intent |= dict.fromkeys(EMPTY)
    intent |= {name: params[name] for name in PLAIN if params.get(name)}
    world.save(intent)
    emit(world, "payment_intent.created", intent)
    return intent


def create(world: World, params: dict[str, Any]) -> Object:
    currency = params["currency"].lower()
    amounts.check(params["amount"], currency, "amount")
    if params.get("customer"):
        find(world, "customer", params["customer"], "customer")
    if params.get("confirm") and not (params.get("payment_method") or params.get("payment_method_data")):
        raise ApiError("You cannot confirm this PaymentIntent because it's missing a payment method.", code="parameter_missing",
                       param="payment_method")  # fmt: skip
    intent = make(world, params["amount"], currency, params)
    if _method(world, intent, params) and not params.get("confirm"):
        intent["status"] = "requires_confirmation"
        world.save(intent)
    return confirm(world, params, intent["id"]) if params.get("confirm") else intent


def retrieve(world: World, params: dict[str, Any], intent_id: str) -> Object:
    intent = find(world, "payment_intent", intent_id, "intent")
    if params.get("client_secret") not in (None, intent["client_secret"]):
        raise ApiError("The client_secret provided does not match the PaymentIntent.", param="client_secret")
    return intent


def update(world: World, params: dict[str, Any], intent_id: str) -> Object:
    intent = find(world, "payment_intent", intent_id, "intent")
    frozen = intent["status"] in ("succeeded", "canceled") or intent["_session"]
    if frozen and set(params) & {"amount", "currency", "payment_method"}:
        raise _unexpected(
            intent, f"This PaymentIntent's amount could not be updated because it has a status of {intent['status']}"
        )
    if "amount" in params:
        amounts.check(params["amount"], intent["currency"], "amount")
        intent["amount"] = params["amount"]
    intent["metadata"] = merged_metadata(intent["metadata"], params.get("metadata"))
    intent |= {name: params[name] or None for name in PLAIN if name in params}
    if _method(world, intent, params) and intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"
    return world.save(intent)


def confirm(world: World, params: dict[str, Any], intent_id: str) -> Object:
    intent = find(world, "payment_intent", intent_id, "intent")
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected(
            intent, f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}"
        )
    if intent["_session"]:
        raise _unexpected(intent, "You cannot confirm this PaymentIntent because it was created by a Checkout Session")
    _method(world, intent, params)
    if not intent["payment_method"]:
        raise _unexpected(intent, "You cannot confirm this PaymentIntent because it's missing a payment method")
    method = find(world, "payment_method", intent["payment_method"], "payment_method")
    return attempts.pay(world, intent, method, return_url=params.get("return_url") or "")


def cancel(world: World, params: dict[str, Any], intent_id: str) -> Object:
    intent = find(world, "payment_intent", intent_id, "intent")
    if intent["_session"]:
        raise _unexpected(intent, "You cannot cancel this PaymentIntent because it was created by a Checkout Session. Expire "
                                  "the Session instead")  # fmt: skip
    if intent["status"] not in CANCELABLE:
        raise _unexpected(intent, f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}")
    return abandon(world, intent, params.get("cancellation_reason"))


def abandon(world: World, intent: Object, reason: str | None) -> Object:
    intent |= {"status": "canceled", "canceled_at": now(), "cancellation_reason": reason, "next_action": None}
    world.save(intent)
    emit(world, "payment_intent.canceled", intent)
    return intent


def listed(world: World, params: dict[str, Any]) -> Object:
    return page(world.all("payment_intent"), params, "/v1/payment_intents", "customer")


def _method(world: World, intent: Object, params: dict[str, Any]) -> bool:
    """Attaches the method that the call names; True when there was one."""
    if params.get("payment_method_data"):
        method = payment_methods.create(world, params["payment_method_data"])
    elif params.get("payment_method"):
        method = payment_methods.resolve(world, params["payment_method"])
    else:
        return False
    intent["payment_method"] = method["id"]
    world.save(intent)
    return True


def _unexpected(intent: Object, message: str) -> ApiError:
    return ApiError(message + ".", code="payment_intent_unexpected_state", payment_intent=public(intent))
