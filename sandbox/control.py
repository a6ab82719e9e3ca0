"""The control API under /sandbox/ for tests and demos: JSON in, JSON out. See docs of each function."""

from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.checkout.paying import Form, pay
from sandbox.clock import run_out
from sandbox.faults import Fault
from sandbox.geocoding.serving import Geocoder
from sandbox.stripe_api import attempts, checkout_sessions, disputes, payouts, refunds, webhook_endpoints
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import DELIVERY, add_delivery
from sandbox.stripe_api.rendering import find, public
from sandbox.stripe_api.serving import Server
from sandbox.world import Object, World

KEPT_BY_RESET = ("webhook_endpoint",)


def blueprint(world: World, server: Server, geocoder: Geocoder) -> Blueprint:
    """POST bodies are JSON objects; errors have the payment API's form."""
    control = Blueprint("control", __name__, url_prefix="/sandbox")
    _purchases(control, world)
    _after_purchases(control, world)
    _events(control, world)
    _observation(control, world, server, geocoder)
    control.register_error_handler(ApiError, lambda error: (jsonify({"error": error.error}), error.status))
    control.register_error_handler(ValueError, lambda error: (jsonify({"error": {"message": str(error)}}), 400))
    return control


def _purchases(control: Blueprint, world: World) -> None:
    @control.post("/sessions/<session_id>/pay")
    def pay_session(session_id: str) -> ResponseReturnValue:
        """{card: "4242…"} or {method: "mb_way" | "multibanco"}; {approve: true | false} answers 3-D Secure and MB WAY."""
        given = _body()
        session = find(world, "checkout.session", session_id)
        kind = given.get("method", "card")
        form = Form(email=given.get("email", "cliente@example.test"), number=given.get("card", "4242424242424242"),
                    expiry="12/34", cvc="123", name=given.get("name", "Cliente de Teste"), phone="912345678")  # fmt: skip
        problem = form.problem(kind)
        if problem:
            raise ApiError(f"The form would be refused: {problem}", code=problem)
        intent = pay(world, session, kind, form)
        if "approve" in given and intent["status"] == "requires_action" and kind != "multibanco":
            with world.change():
                (attempts.succeed if given["approve"] else attempts.fail_action)(world, intent)
        return jsonify({"session": public(session), "payment_intent": public(intent)})

    @control.post("/sessions/<session_id>/expire")
    def expire_session(session_id: str) -> ResponseReturnValue:
        with world.change():
            return jsonify(public(checkout_sessions.expire(world, {}, session_id)))

    @control.post("/intents/<intent_id>/<answer>")
    def answer_intent(intent_id: str, answer: str) -> ResponseReturnValue:
        """`complete` or `fail`: 3-D Secure, MB WAY, and vouchers (paid or expired). `timeout`: nobody answered."""
        if answer not in ("complete", "fail", "timeout"):
            abort(404)
        with world.change():
            intent = find(world, "payment_intent", intent_id)
            if intent["status"] != "requires_action":
                raise ApiError(f"The intent waits for nothing: it is {intent['status']}.")
            {"complete": attempts.succeed, "fail": attempts.fail_action, "timeout": run_out}[answer](world, intent)
        return jsonify(public(intent))


def _after_purchases(control: Blueprint, world: World) -> None:
    @control.post("/charges/<charge_id>/dispute")
    def dispute(charge_id: str) -> ResponseReturnValue:
        with world.change():
            return jsonify(public(disputes.open_dispute(world, find(world, "charge", charge_id))))

    @control.post("/disputes/<dispute_id>/<outcome>")
    def close_dispute(dispute_id: str, outcome: str) -> ResponseReturnValue:
        """`won` or `lost`."""
        with world.change():
            return jsonify(public(disputes.close(world, find(world, "dispute", dispute_id), outcome == "won")))

    @control.post("/charges/<charge_id>/refund")
    def refund(charge_id: str) -> ResponseReturnValue:
        """{amount?}: a refund made in the provider's dashboard, not by the shop."""
        amount = _body().get("amount")
        with world.change():
            return jsonify(
                public(refunds.create(world, {"charge": charge_id} | ({"amount": amount} if amount else {})))
            )

    @control.post("/refunds/<refund_id>/<outcome>")
    def settle_refund(refund_id: str, outcome: str) -> ResponseReturnValue:
        """`succeeded` or `failed`, for a pending refund."""
        with world.change():
            return jsonify(public(refunds.settle(world, find(world, "refund", refund_id), outcome == "succeeded")))

    @control.post("/payouts")
    def pay_out() -> ResponseReturnValue:
        """Pays out everything that waits on the balance."""
        with world.change():
            return jsonify(public(payouts.automatic(world)))


def _events(control: Blueprint, world: World) -> None:
    @control.post("/events/<event_id>/send")
    def send_again(event_id: str) -> ResponseReturnValue:
        """Sends the event once more to every endpoint."""
        send_event_again(world, event_id)
        return jsonify({"sent": event_id})

    @control.get("/deliveries")
    def deliveries() -> ResponseReturnValue:
        return jsonify(world.all(DELIVERY))


def _observation(control: Blueprint, world: World, server: Server, geocoder: Geocoder) -> None:
    @control.get("/faults")
    def faults() -> ResponseReturnValue:
        return jsonify(world.faults.shown())

    @control.post("/faults")
    def set_faults() -> ResponseReturnValue:
        """The switches of faults.Settings; {fail: {kind, when, path, method, seconds, times}} or a list of them; {clear: true}."""
        given = _body()
        if given.pop("clear", False):
            world.faults.clear()
        planned = given.pop("fail", [])
        for item in planned if isinstance(planned, list) else [planned]:
            times = int(item.pop("times", 1))
            world.faults.plan(fault(item), times)
        world.faults.set(**given)
        return jsonify(world.faults.shown())

    @control.get("/counts")
    def counts() -> ResponseReturnValue:
        """How many objects of each kind there are, and how often an address was looked up."""
        return jsonify(world.counts() | {"geocoding": geocoder.asked})

    @control.get("/requests")
    def requests() -> ResponseReturnValue:
        """What the payment API was asked lately, with parameters; ?path= narrows."""
        items = [item for item in list(server.requests) if request.args.get("path", "") in item["path"]]
        return jsonify(items)

    @control.get("/objects/<kind>")
    def objects(kind: str) -> ResponseReturnValue:
        return jsonify([public(item) for item in world.all(kind)])

    @control.post("/reset")
    def reset() -> ResponseReturnValue:
        """Forgets everything but the webhook endpoint of the command line, and ends all misbehaviour."""
        forget_everything(world)
        server.requests.clear()
        geocoder.asked = 0
        return jsonify({"reset": True})


def fault(item: dict[str, Any]) -> Fault:
    """Raises ValueError for an unknown kind or time."""
    planned = Fault(**item)
    if planned.kind not in ("500", "429", "403", "reset", "timeout") or planned.when not in ("before", "after"):
        raise ValueError("fail needs kind 500, 429, reset or timeout, and when before or after")
    return planned


def send_event_again(world: World, event_id: str) -> None:
    with world.change():
        event = find(world, "event", event_id)
        for endpoint in world.all("webhook_endpoint"):
            add_delivery(world, event, endpoint)


def forget_everything(world: World) -> None:
    world.faults.clear()
    with world.change():
        world.reset(keep=KEPT_BY_RESET)
        for endpoint in world.all("webhook_endpoint"):
            if endpoint["id"] != webhook_endpoints.FIRST:
                world.forget(endpoint)


def _body() -> Object:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}
