"""Checkout Sessions: create, retrieve, list, update, expire."""

from typing import Any

from sandbox.stripe_api import amounts, payment_intents, session_lines
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import emit
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, listing, page, public
from sandbox.world import Object, World, new_id, now

SHORTEST, LONGEST = 30 * 60, 24 * 3600  # seconds that a Session may stay open
CLOCK_SKEW = 60  # seconds
PAGE_MODES = ("hosted_page",)


def create(world: World, params: dict[str, Any]) -> Object:
    mode = params.get("mode") or "payment"
    if mode != "payment":
        raise ApiError(f"The sandbox knows mode=payment only, not {mode}.", param="mode")
    ui_mode = params.get("ui_mode") or "hosted_page"
    _check_addresses(params, ui_mode)
    _check_customer(world, params)
    expires_at = _expiry(params)
    lines, currency = session_lines.build(params.get("line_items") or [])
    shipping = session_lines.shipping_cost(params.get("shipping_options") or [], currency)
    subtotal = sum(line["amount_total"] for line in lines)
    total = subtotal + (shipping["amount_total"] if shipping else 0)
    _check_total(total, currency)
    merged_metadata({}, (params.get("payment_intent_data") or {}).get("metadata"))
    session_id = new_id("cs_test", 58)
    hosted = ui_mode in PAGE_MODES
    session: Object = {
        "id": session_id,
        "object": "checkout.session",
        "amount_subtotal": subtotal,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "client_secret": None if hosted else f"{session_id}_secret_{new_id('x')[2:]}",
        "created": now(),
        "currency": currency,
        "expires_at": expires_at,
        "line_items": listing(lines, f"/v1/checkout/sessions/{session_id}/line_items"),
        "livemode": False,
        "metadata": merged_metadata({}, params.get("metadata")),
        "mode": mode,
        "payment_intent": None,
        "payment_method_types": amounts.methods(
            total, currency, params.get("allowed_payment_method_types"), params.get("excluded_payment_method_types")
        ),
        "payment_status": "unpaid",
        "shipping_cost": shipping,
        "status": "open",
        "total_details": {
            "amount_discount": 0,
            "amount_shipping": shipping["amount_total"] if shipping else 0,
            "amount_tax": 0,
        },
        "ui_mode": ui_mode,
        "url": f"{world.base_url}/checkout/c/pay/{session_id}" if hosted else None,
        "_payment_intent_data": params.get("payment_intent_data") or {},
    } | _as_given(params)
    return world.save(session)


def _as_given(params: dict[str, Any]) -> Object:
    fields: Object = {name: params.get(name) for name in (
        "allow_promotion_codes", "allowed_payment_method_types", "billing_address_collection", "cancel_url",
        "client_reference_id", "customer", "customer_creation", "customer_email", "excluded_payment_method_types", "locale",
        "redirect_on_completion", "return_url", "submit_type", "success_url",
    )}  # fmt: skip
    fields |= dict.fromkeys(("adaptive_pricing", "after_expiration", "collected_information", "consent", "consent_collection", "currency_conversion", "customer_account", "customer_details", "discounts", "invoice", "invoice_creation", "origin_context", "payment_link", "payment_method_configuration_details", "permissions", "presentment_details", "recovered_from", "saved_payment_method_options", "setup_intent", "shipping_address_collection", "subscription", "wallet_options"))  # fmt: skip
    return fields | {
        "custom_fields": params.get("custom_fields") or [],
        "custom_text": params.get("custom_text") or {},
        "payment_method_collection": "if_required",
        "payment_method_options": params.get("payment_method_options") or {},
        "phone_number_collection": params.get("phone_number_collection") or {"enabled": False},
        "shipping_options": [],
    }


def _check_addresses(params: dict[str, Any], ui_mode: str) -> None:
    needed = "success_url" if ui_mode in PAGE_MODES else "return_url"
    if not params.get(needed) and params.get("redirect_on_completion") != "never":
        raise ApiError(f"Missing required param: {needed}.", code="parameter_missing", param=needed)
    for name in ("success_url", "cancel_url"):
        if params.get(name) and ui_mode not in PAGE_MODES:
            raise ApiError(f"`{name}` cannot be used with `ui_mode: {ui_mode}`.", param=name)
    for name in ("success_url", "cancel_url", "return_url"):
        if params.get(name) and not params[name].startswith(("http://", "https://")):
            raise ApiError("Not a valid URL", code="url_invalid", param=name)


def _check_customer(world: World, params: dict[str, Any]) -> None:
    if params.get("customer") and params.get("customer_email"):
        raise ApiError("You may only specify one of these parameters: customer, customer_email.")
    if params.get("customer"):
        find(world, "customer", params["customer"], "customer")
    email = params.get("customer_email")
    if email and ("@" not in email or "." not in email.split("@")[-1] or " " in email):
        raise ApiError(f"Invalid email address: {email}", code="email_invalid", param="customer_email")


def _expiry(params: dict[str, Any]) -> int:
    ahead = params.get("expires_at", now() + LONGEST) - now()
    if ahead < SHORTEST - CLOCK_SKEW:
        raise ApiError("The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
                       param="expires_at")  # fmt: skip
    if ahead > LONGEST + CLOCK_SKEW:
        raise ApiError("The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
                       param="expires_at")  # fmt: skip
    return int(now() + ahead)


def _check_total(total: int, currency: str) -> None:
    if total < amounts.MINIMUM:
        raise ApiError(
            "The Checkout Session's total amount must convert to at least 50 cents.", code="amount_too_small"
        )
    amounts.check(total, currency, "line_items")


def retrieve(world: World, params: dict[str, Any], session_id: str) -> Object:
    return find(world, "checkout.session", session_id, "session")


def line_items(world: World, params: dict[str, Any], session_id: str) -> Object:
    session = find(world, "checkout.session", session_id, "session")
    return listing(
        [public(line) for line in session["line_items"]["data"]], f"/v1/checkout/sessions/{session_id}/line_items"
    )


def update(world: World, params: dict[str, Any], session_id: str) -> Object:
    session = find(world, "checkout.session", session_id, "session")
    unsupported = sorted(set(params) - {"metadata", "expand", "collected_information"})
    if unsupported:
        raise ApiError(f"The sandbox cannot change {', '.join(unsupported)} of a Session.", param=unsupported[0])
    session["metadata"] = merged_metadata(session["metadata"], params.get("metadata"))
    if params.get("collected_information"):
        session["collected_information"] = params["collected_information"]
    return world.save(session)


def expire(world: World, params: dict[str, Any], session_id: str) -> Object:
    session = find(world, "checkout.session", session_id, "session")
    if session["status"] != "open":
        raise ApiError(f"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a "
                       f"status of {session['status']}.")  # fmt: skip
    return close(world, session)


def close(world: World, session: Object) -> Object:
    """Expires an open Session, and cancels the intent that a failed try left behind."""
    session |= {"status": "expired", "url": None, "client_secret": None}
    world.save(session)
    intent = world.get("payment_intent", session["payment_intent"] or "")
    if intent and intent["status"] in payment_intents.CANCELABLE:
        payment_intents.abandon(world, intent, "automatic")
    emit(world, "checkout.session.expired", session)
    return session


def listed(world: World, params: dict[str, Any]) -> Object:
    email = (params.get("customer_details") or {}).get("email")
    return page(
        world.all("checkout.session"), params, "/v1/checkout/sessions", "customer", "payment_intent", "status",
        keep=lambda item: not email or (item["customer_details"] or {}).get("email") == email,
    )  # fmt: skip


def intent_for(world: World, session: Object) -> Object:
    """The PaymentIntent of an open Session, made at the first try to pay, as the real Checkout does."""
    intent = world.get("payment_intent", session["payment_intent"] or "")
    if intent is None:
        given = session["_payment_intent_data"]
        names = {name: session[name] for name in ("customer", "allowed_payment_method_types") if session[name]}
        intent = payment_intents.make(world, session["amount_total"], session["currency"], given | names, session["id"])
        session["payment_intent"] = intent["id"]
        world.save(session)
    return intent
