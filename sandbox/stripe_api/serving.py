"""Each API call's way in and out: key, misbehaviour, parameters, idempotency, the change itself, the answer."""

import json
import time
from collections import deque
from typing import Any

from flask import Blueprint, Response, request

from sandbox.connections import reset
from sandbox.faults import Fault
from sandbox.stripe_api import forms, parameters
from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import API_VERSION
from sandbox.stripe_api.idempotency import Keys
from sandbox.stripe_api.rendering import render
from sandbox.stripe_api.routes import ROUTES, Call
from sandbox.world import Object, World, new_id

REQUESTS_KEPT = 5000
Answer = tuple[int, Object]


class Server:
    """The calls under /v1, for one world. `requests` holds what was asked lately, with parameters, for tests."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = Keys(world)
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)

    def blueprint(self) -> Blueprint:
        blueprint = Blueprint("stripe_api", __name__, url_prefix="/v1")
        for method, path, call, function in ROUTES:
            name = function.__module__.rsplit(".", 1)[1] + "_" + function.__name__
            blueprint.add_url_rule(f"/{path}", name, self._view(call, function), methods=[method])
        blueprint.add_url_rule("/<path:path>", "unknown", self._unknown, methods=["GET", "POST", "DELETE"])
        return blueprint

    def _view(self, call: str, function: Call) -> Any:
        def view(**ids: str) -> Response:
            return self._answer(call, function, *ids.values())

        return view

    def _unknown(self, path: str) -> Response:
        message = (
            f"Unrecognized request URL ({request.method}: /v1/{path}). The sandbox does not know this part of the API."
        )
        return _respond(404, {"error": {"type": "invalid_request_error", "message": message}}, new_id("req", 14))

    def _answer(self, call: str, function: Call, *ids: str) -> Response:
        request_id = new_id("req", 14)
        encoded = request.get_data(as_text=True) if request.method == "POST" else request.query_string.decode()
        record: dict[str, Any] = {
            "id": request_id, "at": time.time(), "method": request.method, "path": request.path,
            "idempotency_key": request.headers.get("Idempotency-Key", ""),
        }  # fmt: skip
        self.requests.append(record)
        fault = self.world.faults.take(request.method, request.path)
        try:
            self._authorise()
            record["params"] = given = forms.decode(encoded)
            status, body, replayed = self._keyed(call, function, ids, encoded, given, fault, request_id)
        except ApiError as error:
            status, body, replayed = error.status, {"error": dict(error.error)}, False
        record["status"] = status
        return _respond(status, body, request_id, replayed)

    def _authorise(self) -> None:
        authorization = request.authorization
        key = ""
        if authorization and authorization.type == "bearer":
            key = authorization.token or ""
        elif authorization and authorization.type == "basic":
            key = authorization.username or ""
        if not key:
            raise ApiError("You did not provide an API key. You need to provide your API key in the Authorization header, using "
                           "Bearer auth.", status=401)  # fmt: skip
        if not key.startswith(("sk_test_", "rk_test_")):
            raise ApiError(f"Invalid API Key provided: {key[:8]}****{key[-4:]}", status=401, code="")

    def _keyed(
        self,
        call: str,
        function: Call,
        ids: tuple[str, ...],
        encoded: str,
        given: Object,
        fault: Fault | None,
        request_id: str,
    ) -> tuple[int, Object, bool]:
        """Runs the call once per idempotency key; returns status, body and whether it is a replay."""
        if fault and fault.kind == "429":
            raise ApiError("Request rate limit exceeded. Learn more about rate limits here: https://stripe.com/docs/rate-limits.",
                           status=429, code="rate_limit")  # fmt: skip
        if fault and fault.kind == "403":
            raise ApiError("The provided key does not have the required permissions for this endpoint.", status=403)
        if fault and fault.kind == "reset" and fault.when == "before":
            raise reset()
        params = parameters.check(call, given)
        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        if not key:
            status, body = self._run(function, ids, params, "", "", "", fault, request_id)
            return status, body, False
        record = self.keys.begin(key, request.path, encoded)
        if record:
            return record["status"], record["answer"], True
        try:
            status, body = self._run(function, ids, params, key, request.path, encoded, fault, request_id)
            return status, body, False
        finally:
            self.keys.end(key)

    def _run(
        self, function: Call, ids: tuple[str, ...], params: Object, key: str, path: str, encoded: str, fault: Fault | None,
        request_id: str,
    ) -> Answer:  # fmt: skip
        self.world.faults.wait()
        if fault and fault.kind == "timeout" and fault.when == "before":
            time.sleep(fault.seconds)
        with self.world.change():
            self.world.request_id, self.world.request_key = request_id, key
            try:
                status, body = self._execute(function, ids, params, fault)
            finally:
                self.world.request_id = self.world.request_key = ""
            if key:
                self.keys.remember(key, path, encoded, status, body)
        if fault and fault.when == "after":
            if fault.kind == "reset":
                raise reset()
            if fault.kind == "timeout":
                time.sleep(fault.seconds)
        return status, body

    def _execute(self, function: Call, ids: tuple[str, ...], params: Object, fault: Fault | None) -> Answer:
        broken = fault is not None and fault.kind == "500"
        if broken and fault and fault.when == "before":
            return 500, _server_error()
        try:
            item = function(self.world, params, *ids)
            expand = params.get("expand") or []
            body = render(self.world, item, expand)
        except ApiError as error:
            return error.status, {"error": dict(error.error)}
        return (500, _server_error()) if broken else (200, body)


def _server_error() -> Object:
    return {"error": {"type": "api_error", "message": "An unknown error occurred (the sandbox was told to fail)."}}


def _respond(status: int, body: Object, request_id: str, replayed: bool = False) -> Response:
    if "error" in body and isinstance(body["error"], dict):
        body = {"error": body["error"] | {"request_log_url": f"/sandbox/requests#{request_id}"}}
    response = Response(json.dumps(body, indent=2), status, mimetype="application/json")
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
    if status == 429:
        response.headers["Stripe-Rate-Limited-Reason"] = "global-rate"
    key = request.headers.get("Idempotency-Key")
    if key:
        response.headers["Idempotency-Key"] = key
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
