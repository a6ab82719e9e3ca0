"""A running sandbox on a free port, the real clients that speak to it, and a receiver for its webhooks."""

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from local.ports import any_free
from sandbox.options import Options
from sandbox.running import Sandbox

SECRET = "whsec_test_of_the_sandbox"


class Receiver:
    """An endpoint that keeps what it gets; `status` is what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.status = 200
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/stripe/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.headers["Stripe-Signature"], body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def events(self) -> list[stripe.Event]:
        """What came, each with its signature verified."""
        return [stripe.Webhook.construct_event(body, signature, SECRET) for signature, body in list(self.got)]

    def types(self) -> list[str]:
        return [event.type for event in self.events()]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[Sandbox]:
    options = Options(
        tmp_path / "state", any_free(), smtp_port=any_free(), webhook_url=receiver.url, webhook_secret=SECRET
    )
    with Sandbox(options) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_sandbox", base_addresses={"api": sandbox.options.base_url}, max_network_retries=0
    )


@pytest.fixture
def control(sandbox: Sandbox) -> Callable[..., Any]:
    """Calls the control API and returns its JSON."""

    def call(path: str, **body: Any) -> Any:
        answer = requests.post(f"{sandbox.options.base_url}/sandbox/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    return call
