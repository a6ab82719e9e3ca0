"""A server that answers as Google's Geocoding API does, or as it does on a bad day."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from addresses import google

LISBON = {
    "formatted_address": "R. Augusta 100, 1100-053 Lisboa, Portugal",
    "place_id": "place-augusta-100",
    "types": ["street_address"],
    "geometry": {"location_type": "ROOFTOP", "location": {"lat": 38.71, "lng": -9.13}},
    "address_components": [
        {"long_name": "100", "short_name": "100", "types": ["street_number"]},
        {"long_name": "Rua Augusta", "short_name": "R. Augusta", "types": ["route"]},
        {"long_name": "Lisboa", "short_name": "Lisboa", "types": ["locality", "political"]},
        {"long_name": "Portugal", "short_name": "PT", "types": ["country", "political"]},
        {"long_name": "1100-053", "short_name": "1100-053", "types": ["postal_code"]},
    ],
}


def place(**changes: Any) -> dict[str, Any]:
    """Rua Augusta 100 with changes: route, number, postal_code, city, country replace its components."""
    result = json.loads(json.dumps(LISBON))
    kinds = {"number": 0, "route": 1, "city": 2, "country": 3, "postal_code": 4}
    for name, value in changes.items():
        if name in kinds:
            result["address_components"][kinds[name]] |= {"long_name": value, "short_name": value}
        else:
            result[name] = value
    return result  # type: ignore[no-any-return]  # JSON


class Google:
    """What the next answers are: `body` (or `raw` bytes) with `status`, each after `delay` seconds. `queries` came in."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.status, self.delay, self.raw = 200, 0.0, b""
        self.body: dict[str, Any] = {"status": "OK", "results": [LISBON]}

    def finds(self, *results: dict[str, Any]) -> None:
        self.body = {"status": "OK" if results else "ZERO_RESULTS", "results": list(results)}

    def answers(self, status: str) -> None:
        self.body = {"status": status, "results": [], "error_message": "as the test wants"}


@pytest.fixture
def google_server(settings: Any) -> Iterator[Google]:
    state = Google()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.queries.append(parse_qs(urlsplit(self.path).query)["address"][0])
            time.sleep(state.delay)
            self.send_response(state.status)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):  # the shop gave up waiting
                self.wfile.write(state.raw or json.dumps(state.body).encode())

        def log_message(self, *parts: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.GOOGLE_MAPS_BASE_URL = f"http://127.0.0.1:{server.server_port}"
    settings.GOOGLE_MAPS_API_KEY = "AIza-for-tests"
    settings.GOOGLE_TIMEOUT_SECONDS = 1
    google.breaker.close()
    yield state
    google.breaker.close()
    server.shutdown()
    server.server_close()
