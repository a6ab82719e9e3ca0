"""A stand-in for Stripe.js and its Payment Element: /v3/stripe.js, the element's frame, and what the frame asks.

As with the real one the card's number is typed into a frame of another origin and never passes through the shop.
"""

from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.checkout.paying import Form, expiry
from sandbox.checkout.wording import words
from sandbox.stripe_api import attempts, payment_methods
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.payment_intents import CONFIRMABLE
from sandbox.world import Object, World

SHOWN = ("id", "object", "amount", "currency", "status", "next_action", "last_payment_error", "payment_method_types",
         "client_secret", "livemode", "created")  # fmt: skip


def blueprint(world: World) -> Blueprint:
    pages = Blueprint("elements", __name__, url_prefix="/v3")

    @pages.get("/")
    @pages.get("/stripe.js")
    def script() -> Response:
        return current_app.send_static_file("stripe.js")

    @pages.get("/element")
    def frame() -> ResponseReturnValue:
        texts = words(request.args.get("locale"))
        try:
            intent = _intent(world, request.args.get("key", ""), request.args.get("client_secret", ""))
        except ApiError as error:
            return render_template("sandbox/element.html", words=texts, kinds=[], message=str(error)), error.status
        return render_template("sandbox/element.html", words=texts, kinds=intent["payment_method_types"], message="")

    @pages.get("/intent")
    def retrieve() -> ResponseReturnValue:
        return _answer(lambda: _intent(world, request.args.get("key", ""), request.args.get("client_secret", "")))

    @pages.post("/confirm")
    def confirm() -> ResponseReturnValue:
        given = request.get_json(silent=True) or {}
        return _answer(lambda: _confirm(world, given))

    return pages


def _answer(call: Any) -> Response:
    """What the browser may know of the intent, or the error, in the form that Stripe.js resolves to."""
    try:
        intent = call()
        response = jsonify({"paymentIntent": {name: intent[name] for name in SHOWN}})
    except ApiError as error:
        response = jsonify({"error": {name: value for name, value in error.error.items() if name != "payment_intent"}})
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _intent(world: World, key: str, client_secret: str) -> Object:
    if not key.startswith("pk_test_"):
        raise ApiError(f"Invalid API Key provided: {key[:8]}****", status=401)
    intent = world.get("payment_intent", client_secret.split("_secret_")[0])
    if intent is None or intent["client_secret"] != client_secret:
        raise ApiError("No such payment_intent", status=404, code="resource_missing", param="client_secret")
    return intent


def _confirm(world: World, given: dict[str, Any]) -> Object:
    """Raises ApiError: validation_error for a form filled in wrongly, card_error for a declined card."""
    intent = _intent(world, str(given.get("key", "")), str(given.get("client_secret", "")))
    form = Form(**{field.name: str(given.get(field.name, "")) for field in fields(Form)})
    kind, texts = str(given.get("method", "card")), words(str(given.get("locale", "")))
    problem = form.problem(kind, needs_email=False)
    if problem:
        raise ApiError(texts[problem], kind="validation_error", code="incomplete_" + problem.removeprefix("bad_"))
    if kind not in intent["payment_method_types"]:
        raise ApiError(f"The payment method {kind} is not offered.", param="payment_method")
    with world.change():
        if intent["status"] not in CONFIRMABLE:
            raise ApiError(f"This payment is {intent['status']} already.", code="payment_intent_unexpected_state")
        billing = {"name": form.name or None, "email": form.email or None, "phone": form.phone or None}
        method = payment_methods.make(world, kind, billing, form.number, expiry(form.expiry) or (12, 2034))
        try:
            return attempts.pay(world, intent, method, return_url=str(given.get("return_url", "")))
        except ApiError as error:
            reason = error.error.get("decline_code", "")
            error.error["message"] = (
                texts.get(reason) or texts.get(error.error.get("code", "")) or error.error["message"]
            )
            raise
