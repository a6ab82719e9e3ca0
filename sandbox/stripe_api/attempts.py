"""One try to pay a PaymentIntent: the card's answer, 3-D Secure, MB WAY, Multibanco vouchers; and what it leaves behind."""

from sandbox.stripe_api import balance, completion, disputes
from sandbox.stripe_api.cards import BY_NUMBER, Card
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.rendering import public
from sandbox.world import Object, World, new_id, now

VOUCHER_SECONDS = 3 * 86_400
AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


def pay(world: World, intent: Object, method: Object, *, return_url: str = "") -> Object:
    """Tries `method` on `intent`; succeeded or requires_action afterwards. Raises ApiError 402 for a declined card."""
    intent |= {"payment_method": method["id"], "next_action": None, "last_payment_error": None}
    if method["type"] == "multibanco":
        return _await_voucher(world, intent)
    if method["type"] == "mb_way":
        return _await_customer(world, intent, return_url)
    card = BY_NUMBER[method["_number"]]
    if card.outcome == "challenge":
        return _await_customer(world, intent, return_url)
    if card.outcome == "fail":
        raise decline(world, intent, card)
    return succeed(world, intent)


def succeed(world: World, intent: Object) -> Object:
    """The money is there: a charge, its booking, the intent's and the session's end."""
    method = world.get("payment_method", intent["payment_method"]) or {}
    charge = _charge(world, intent, method, "succeeded")
    if not world.faults.settings.balance_delay:
        balance.book_charge(world, charge)
    world.save(charge)
    intent |= {
        "status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"], "next_action": None,
        "last_payment_error": None,
    }  # fmt: skip
    world.save(intent)
    emit(world, "charge.succeeded", charge)
    emit(world, "payment_intent.succeeded", intent)
    completion.on_success(world, intent)
    if BY_NUMBER.get(method.get("_number", ""), Card("", "")).outcome == "dispute":
        disputes.open_dispute(world, charge)
    return intent


def decline(world: World, intent: Object, card: Card) -> ApiError:
    """Books the failed charge and returns the error to raise: type card_error, status 402."""
    charge = _charge(world, intent, world.get("payment_method", intent["payment_method"]) or {}, "failed", card)
    fields = {"code": card.code, "decline_code": card.decline_code, "charge": charge["id"]}
    _failed(world, intent, {"type": "card_error", "message": card.message} | fields, charge)
    return ApiError(card.message, status=402, kind="card_error", payment_intent=public(intent), **fields)


def fail_action(world: World, intent: Object, *, expired: bool = False) -> Object:
    """The customer failed 3-D Secure, or refused in MB WAY's app, or let the voucher or (`expired`) MB WAY's question
    run out. The Session of a card or of MB WAY stays open, so that another try is possible."""
    method = world.get("payment_method", intent["payment_method"]) or {}
    session_failed = method.get("type") == "multibanco"
    if method.get("type") == "card":
        error = {"type": "invalid_request_error", "code": "payment_intent_authentication_failure",
                 "message": AUTHENTICATION_FAILED}  # fmt: skip
        _failed(world, intent, error, None)
    else:
        expired = expired or session_failed
        code = "payment_intent_payment_attempt_expired" if expired else "payment_method_customer_decline"
        words = "The payment attempt has expired." if expired else "The customer declined this payment."
        charge = _charge(world, intent, method, "failed", Card("", "", "fail", code, code, words))
        _failed(world, intent, {"type": "invalid_request_error", "code": code, "message": words}, charge)
    if session_failed:
        completion.on_failure(world, intent)
    return intent


def deadline(world: World, intent: Object) -> float | None:
    """Until when (Unix seconds) a voucher can be paid or MB WAY's question answered. None: nothing but its Session's
    end ends a 3-D Secure challenge that was left alone."""
    if intent["status"] != "requires_action":
        return None
    voucher = (intent["next_action"] or {}).get("multibanco_display_details")
    if voucher:
        return float(voucher["expires_at"])
    asked = intent.get("_asked_at")
    return asked + world.faults.settings.mb_way_seconds if asked else None


def _failed(world: World, intent: Object, error: Object, charge: Object | None) -> None:
    method = world.get("payment_method", intent["payment_method"])
    intent |= {
        "status": "requires_payment_method",
        "last_payment_error": error | {"payment_method": public(method) if method else None},
        "next_action": None,
        "payment_method": None,
    }
    if charge:
        intent["latest_charge"] = charge["id"]
        emit(world, "charge.failed", charge)
    world.save(intent)
    emit(world, "payment_intent.payment_failed", intent)


def _await_customer(world: World, intent: Object, return_url: str) -> Object:
    url = f"{world.base_url}/sandbox/approve/{intent['id']}"
    action: Object = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": return_url or None}}
    if not return_url:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}
    method = world.get("payment_method", intent["payment_method"]) or {}
    asked = now() if method.get("type") == "mb_way" else None
    intent |= {"status": "requires_action", "next_action": action, "_return_url": return_url, "_asked_at": asked}
    world.save(intent)
    emit(world, "payment_intent.requires_action", intent)
    return intent


def _await_voucher(world: World, intent: Object) -> Object:
    digits = str(int.from_bytes(intent["id"].encode(), "big"))
    details = {
        "entity": "12345",
        "expires_at": now() + VOUCHER_SECONDS,
        "hosted_voucher_url": f"{world.base_url}/sandbox/vouchers/{intent['id']}",
        "reference": digits[-9:],
    }
    action = {"type": "multibanco_display_details", "multibanco_display_details": details}
    intent |= {"status": "requires_action", "next_action": action}
    world.save(intent)
    emit(world, "payment_intent.requires_action", intent)
    completion.on_voucher(world, intent)
    return intent


def _charge(world: World, intent: Object, method: Object, status: str, card: Card | None = None) -> Object:
    paid = status == "succeeded"
    kind = method.get("type", "card")
    charge = {
        "id": new_id("ch" if kind == "card" else "py"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": method.get("billing_details"),
        "calculated_statement_descriptor": "SANDBOX",
        "captured": paid,
        "created": now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": card.code if card else None,
        "failure_message": card.message if card else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(card),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method.get("id"),
        "payment_method_details": {"type": kind, kind: method.get(kind, {})},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "statement_descriptor": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }
    return world.save(charge)


def _outcome(card: Card | None) -> Object:
    if card is None:
        return {"network_status": "approved_by_network", "reason": None, "risk_level": "normal",
                "seller_message": "Payment complete.", "type": "authorized"}  # fmt: skip
    return {"network_status": "declined_by_network", "reason": card.decline_code, "risk_level": "normal",
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined"}  # fmt: skip
