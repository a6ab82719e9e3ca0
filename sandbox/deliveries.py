"""Sends webhooks from a background thread: signed, several endpoints, tried again for three days until one answers 2xx."""

import hashlib
import hmac
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from sandbox.stripe_api.happenings import DELIVERY
from sandbox.world import Object, World

TIMEOUT_SECONDS = 10
LONGEST_WAIT = 3600  # seconds between two tries
GIVE_UP_SECONDS = 3 * 86_400
SENDERS = 8


def signature(body: bytes, secrets: str, at: int) -> str:
    """The Stripe-Signature header; several comma-separated secrets give several v1 values, as during a rotation."""
    signed = str(at).encode() + b"." + body
    values = [hmac.new(s.strip().encode(), signed, hashlib.sha256).hexdigest() for s in secrets.split(",") if s.strip()]
    return ",".join([f"t={at}", *(f"v1={value}" for value in values)])


class Sender:
    """Looks every 50 ms for deliveries that are due. `start()` and `stop()` belong to the process' life."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")
        self._sending: set[str] = set()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=SENDERS))
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._open = {item["id"]: item for item in world.all(DELIVERY) if item["state"] in ("new", "waiting")}
        world.listeners.append(self._noticed)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=2)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _noticed(self, item: Object) -> None:
        if item["object"] == DELIVERY:
            if item["state"] in ("new", "waiting"):
                self._open[item["id"]] = item
            else:
                self._open.pop(item["id"], None)

    def _run(self) -> None:
        while not self._stopped.wait(0.05):
            with self.world.lock:
                due = [i for i in self._open.values() if i["next_at"] <= time.time() and i["id"] not in self._sending]
                for item in due:
                    if item["state"] == "new" and self._prepare(item):
                        continue
                    self._sending.add(item["id"])
                    self._pool.submit(self._deliver, item)

    def _prepare(self, item: Object) -> bool:
        """Applies the planned misbehaviour to a fresh delivery; True when it is not to be sent now."""
        settings = self.world.faults.settings
        with self.world.change():
            item["state"] = "dropped" if settings.webhook_drop else "waiting"
            item["copies"] = max(1, settings.webhook_copies)
            wait = settings.webhook_delay + random.uniform(0, settings.webhook_shuffle)
            item["next_at"] = time.time() + wait if wait else 0.0
            self.world.save(item)
        return bool(settings.webhook_drop or wait)

    def _deliver(self, item: Object) -> None:
        try:
            event, endpoint = (
                self.world.get("event", item["event"]),
                self.world.get("webhook_endpoint", item["endpoint"]),
            )
            if event is None or endpoint is None:
                self._record(item, None, "the endpoint was removed")
                return
            copies, item["copies"] = item.get("copies", 1), 1
            for _ in range(copies):
                status, note = self._send(event, endpoint)
            self._record(item, status, note)
        finally:
            self._sending.discard(item["id"])

    def _send(self, event: Object, endpoint: Object) -> tuple[int, str]:
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (sandbox)",
            "Stripe-Signature": signature(body, endpoint["_secret"], int(time.time())),
        }
        try:
            answer = self._session.post(
                endpoint["url"], data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            return 0, type(error).__name__
        return answer.status_code, answer.text[:200]

    def _record(self, item: Object, status: int | None, note: str) -> None:
        with self.world.change():
            if status is None:
                item["state"] = "given_up"
            elif 200 <= status < 300:
                item["state"] = "delivered"
                event = self.world.get("event", item["event"])
                if event:
                    self.world.save(event | {"pending_webhooks": max(0, event["pending_webhooks"] - 1)})
            elif time.time() - item["created"] > GIVE_UP_SECONDS:
                item["state"] = "given_up"
            item["attempts"].append({"at": time.time(), "status": status or 0, "note": note})
            item["next_at"] = time.time() + min(LONGEST_WAIT, 2 ** (len(item["attempts"]) - 1))
            self.world.save(item)
