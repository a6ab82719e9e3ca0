"""The stand-in for Stripe as tests drive it: paying on its page, making it fail, and taking its events to the shop."""

import hashlib
import hmac
import json
import time
from typing import Any

import requests
from django.conf import settings
from django.test import Client

from payments import inbox
from payments.models import WebhookEvent

GOOD, DECLINED, CHALLENGE, DISPUTED = "4242424242424242", "4000000000000002", "4000002500003155", "4000000000009979"
Json = dict[str, Any]


class StandIn:
    """Its control API (sandbox/control.py)."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _post(self, path: str, body: Json | None = None) -> Json:
        answer = requests.post(f"{self.url}/sandbox/{path}", json=body or {}, timeout=20)
        assert answer.status_code in (200, 402), answer.text
        return dict(answer.json())

    def _get(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/sandbox/{path}", timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reset(self) -> None:
        self._post("reset")

    def pay(self, session_id: str, **how: Any) -> Json:
        """`card="4242…"`, or `method="multibanco"`; `approve=True` passes 3-D Secure."""
        return self._post(f"sessions/{session_id}/pay", how)

    def expire(self, session_id: str) -> Json:
        return self._post(f"sessions/{session_id}/expire")

    def answer_intent(self, intent_id: str, answer: str) -> Json:
        return self._post(f"intents/{intent_id}/{answer}")

    def fail(self, kind: str, *, path: str = "", when: str = "before", times: int = 1, method: str = "") -> None:
        self._post("faults", {"fail": {"kind": kind, "path": path, "when": when, "times": times, "method": method}})

    def faults(self, **switches: Any) -> None:
        self._post("faults", switches)

    def behave(self) -> None:
        self._post("faults", {"clear": True})

    def objects(self, kind: str) -> list[Json]:
        return list(self._get(f"objects/{kind}"))

    def calls(self, path: str = "", method: str = "") -> list[Json]:
        """What the API was asked, oldest first."""
        return [call for call in self._get(f"requests?path={path}") if method in ("", call["method"])]

    def dashboard_refund(self, charge_id: str, amount: int) -> Json:
        return self._post(f"charges/{charge_id}/refund", {"amount": amount})

    def settle_refund(self, refund_id: str, outcome: str) -> Json:
        return self._post(f"refunds/{refund_id}/{outcome}")

    def close_dispute(self, dispute_id: str, outcome: str) -> Json:
        return self._post(f"disputes/{dispute_id}/{outcome}")

    def dispute(self, charge_id: str) -> Json:
        return self._post(f"charges/{charge_id}/dispute")


def signature(body: bytes, *, secret: str = "", at: float | None = None) -> str:
    """Stripe-Signature for the body."""
    stamp = int(time.time() if at is None else at)
    mac = hmac.new((secret or settings.STRIPE_WEBHOOK_SECRETS[0]).encode(), b"%d." % stamp + body, hashlib.sha256)
    return f"t={stamp},v1={mac.hexdigest()}"


def event(kind: str = "checkout.session.completed", number: int = 1, **changes: Any) -> Json:
    """An event as Stripe sends it, about a Session that nobody knows."""
    found = {"id": f"cs_test_unknown{number}", "object": "checkout.session", "metadata": {}}
    return {
        "id": f"evt_test_{number}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "type": kind,
        "data": {"object": found},
    } | changes


def post(body: bytes, header: str | None = None) -> int:
    """Sends a webhook to the shop; the status of its answer."""
    headers = {"Stripe-Signature": signature(body) if header is None else header}
    answer = Client().post("/webhooks/stripe/", body, content_type="application/json", headers=headers)
    return int(answer.status_code)


def post_event(given: Json) -> int:
    return post(json.dumps(given).encode())


def deliver(events: list[Json]) -> None:
    """Takes events of the stand-in to the webhook, in the order given, and works the inbox off after each."""
    for given in events:
        assert post_event(given) == 200
        inbox.drain()


def due_now() -> None:
    """Lets the retries that wait for their backoff happen at once."""
    WebhookEvent.objects.filter(state=WebhookEvent.State.RECEIVED).update(next_attempt_at="2020-01-01T00:00Z")
