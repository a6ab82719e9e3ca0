"""The operator's pages: sessions, intents, vouchers, disputes, refunds, events with their deliveries, misbehaviour."""

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox import control
from sandbox.clock import run_out
from sandbox.stripe_api import attempts, checkout_sessions, disputes, payouts, refunds
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import DELIVERY
from sandbox.stripe_api.rendering import find
from sandbox.world import Object, World

SHOWN = 100
KINDS = ("checkout.session", "payment_intent", "charge", "refund", "dispute", "payout")


def blueprint(world: World) -> Blueprint:
    pages = Blueprint("dashboard", __name__)

    @pages.get("/")
    @pages.get("/sandbox/")
    def index() -> str:
        wanted = request.args.get("find", "")
        lists = {kind.replace(".", "_"): _latest(world, kind, wanted) for kind in KINDS}
        return render_template(
            "sandbox/dashboard.html", counts=world.counts(), notice=request.args.get("notice", ""), **lists
        )

    @pages.get("/sandbox/events/")
    def events() -> str:
        deliveries: dict[str, list[Object]] = {}
        for item in world.all(DELIVERY):
            deliveries.setdefault(item["event"], []).append(item)
        endpoints = {item["id"]: item for item in world.all("webhook_endpoint")}
        return render_template(
            "sandbox/events.html", events=_latest(world, "event"), deliveries=deliveries, endpoints=endpoints
        )

    _misbehaviour(pages, world)
    _actions(pages, world)
    return pages


def _misbehaviour(pages: Blueprint, world: World) -> None:
    @pages.get("/sandbox/misbehaviour/")
    def misbehaviour() -> str:
        return render_template("sandbox/misbehaviour.html", faults=world.faults.shown())

    @pages.post("/sandbox/misbehaviour/")
    def misbehave() -> ResponseReturnValue:
        given = {name: value for name, value in request.form.items() if name not in ("clear", "kind", "when", "times")}
        given["webhook_drop"] = "1" if request.form.get("webhook_drop") else ""
        if request.form.get("clear"):
            world.faults.clear()
        else:
            world.faults.set(**given)
        if request.form.get("kind"):
            planned = control.fault({"kind": request.form["kind"], "when": request.form.get("when", "before")})
            world.faults.plan(planned, request.form.get("times", 1, type=int))
        return redirect("/sandbox/misbehaviour/", 303)


def _actions(pages: Blueprint, world: World) -> None:
    @pages.post("/sandbox/do/<action>/<item_id>")
    def act(action: str, item_id: str) -> ResponseReturnValue:
        if action not in ACTIONS:
            abort(404)
        notice = ""
        try:
            with world.change():
                ACTIONS[action](world, item_id)
        except ApiError as error:
            notice = str(error)
        page = "/sandbox/events/" if action == "send" else "/"
        return redirect(f"{page}?{urlencode({'notice': notice})}" if notice else page, 303)


def _latest(world: World, kind: str, wanted: str = "") -> list[Object]:
    """The newest, and the one wanted however old it is."""
    newest = world.all(kind)[: -SHOWN - 1 : -1]
    found = world.get(kind, wanted)
    return newest if found is None or found in newest else [*newest, found]


def _answer(complete: bool) -> Callable[[World, str], None]:
    def answer(world: World, intent_id: str) -> None:
        intent = find(world, "payment_intent", intent_id)
        if intent["status"] != "requires_action":
            raise ApiError("This payment waits for nothing.")
        (attempts.succeed if complete else attempts.fail_action)(world, intent)

    return answer


ACTIONS: dict[str, Callable[[World, str], object]] = {
    "complete": _answer(True),
    "fail": _answer(False),
    "timeout": lambda world, item_id: run_out(world, find(world, "payment_intent", item_id)),
    "expire": lambda world, item_id: checkout_sessions.expire(world, {}, item_id),
    "refund": lambda world, item_id: refunds.create(world, {"charge": item_id}),
    "dispute": lambda world, item_id: disputes.open_dispute(world, find(world, "charge", item_id)),
    "win": lambda world, item_id: disputes.close(world, find(world, "dispute", item_id), won=True),
    "lose": lambda world, item_id: disputes.close(world, find(world, "dispute", item_id), won=False),
    "settle": lambda world, item_id: refunds.settle(world, find(world, "refund", item_id), success=True),
    "bounce": lambda world, item_id: refunds.settle(world, find(world, "refund", item_id), success=False),
    "payout": lambda world, item_id: payouts.automatic(world),
    "send": control.send_event_again,
}
