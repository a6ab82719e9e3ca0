"""GET /maps/api/geocode/json, with the statuses that the real API has, and its bad days on request."""

import time
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.connections import reset
from sandbox.faults import Faults
from sandbox.geocoding.matching import Found, Query, search
from sandbox.geocoding.places import streets
from sandbox.geocoding.shapes import result

SLOW_SECONDS = 30
REFUSALS = {
    "quota": ("OVER_QUERY_LIMIT", "You have exceeded your daily request quota for this API."),
    "denied": ("REQUEST_DENIED", "The provided API key is invalid."),
    "invalid": ("INVALID_REQUEST", "Invalid request."),
    "unknown": ("UNKNOWN_ERROR", "The server could not process this request. Please try again."),
}


class Geocoder:
    """`asked` counts the calls that got as far as a search, for tests of the shop's cache."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.asked = 0

    def blueprint(self) -> Blueprint:
        blueprint = Blueprint("geocoding", __name__)
        blueprint.add_url_rule("/maps/api/geocode/json", "geocode", self.geocode)
        return blueprint

    def geocode(self) -> ResponseReturnValue:
        trouble = self._misbehave()
        if trouble is not None:
            return trouble
        key = request.args.get("key", "")
        if not key.startswith("AIza"):
            reason = (
                "The provided API key is invalid." if key else "You must use an API key to authenticate each request."
            )
            return _status("REQUEST_DENIED", reason)
        names = ("address", "components", "place_id", "latlng")
        if not any(request.args.get(name, "").strip() for name in names):
            message = "Invalid request. Missing the 'address', 'components', 'latlng' or 'place_id' parameter."
            return _status("INVALID_REQUEST", message), 400
        self.asked += 1
        language = request.args.get("language", "en")
        found = _by_id(request.args["place_id"]) if request.args.get("place_id") else search(_query())
        results = [result(item, language) for item in found]
        return jsonify({"results": results, "status": "OK" if results else "ZERO_RESULTS"})

    def _misbehave(self) -> ResponseReturnValue | None:
        settings = self.faults.settings
        time.sleep(settings.geocoding_latency)
        if settings.geocoding == "slow":
            time.sleep(SLOW_SECONDS)
        elif settings.geocoding == "reset":
            raise reset()
        elif settings.geocoding == "error":
            return "Internal error", 500
        elif settings.geocoding == "nonsense":
            return jsonify({"status": "OK", "results": [{"formatted_address": None, "geometry": "somewhere"}]})
        elif settings.geocoding == "garbage":
            return Response("<html>not what you asked for</html>", mimetype="text/html")
        elif settings.geocoding in REFUSALS:
            return _status(*REFUSALS[settings.geocoding])
        return None


def _query() -> Query:
    parts = dict(part.split(":", 1) for part in request.args.get("components", "").split("|") if ":" in part)
    address = ", ".join(filter(None, (request.args.get("address", ""), parts.get("route", ""))))
    return Query(
        address,
        region=request.args.get("region", ""),
        country=parts.get("country", "").upper(),
        postal_code=parts.get("postal_code", ""),
        locality=parts.get("locality", ""),
    )


def _by_id(place_id: str) -> list[Found]:
    return [Found(place) for place in streets() if place.place_id() == place_id]


def _status(status: str, message: str) -> Response:
    body: dict[str, Any] = {"error_message": message, "results": [], "status": status}
    return jsonify(body)
