"""`make load`: Locust customers against a running shop, for a bounded time; exit status 1 when it did not hold up.

URL (http://127.0.0.1:8000) names the shop: this machine only, unless ALLOW_REMOTE=1. USERS (20, at most 200), SECONDS
(60, at most 600), MAX_P95_MS (1000) and MAX_ERROR_PERCENT (1) may be given too. Checkout is left out unless CHECKOUT=1,
for it makes pending orders and asks the payment service, which must be the stand-in or Stripe's test mode.
"""

import ipaddress
import os
import random
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

import gevent.monkey

gevent.monkey.patch_all()

import gevent
from locust import HttpUser, between, task
from locust.env import Environment

from bench import upload_clients

ENOUGH = 20  # requests at least, for a verdict
DELIVERY = {"method": "pickup", "name": "Carga Ensaio", "email": "carga@example.test", "language": "pt"}


def number(name: str, standard: float, most: float) -> float:
    """The variable, within bounds. SystemExit where it is no number or out of them."""
    text = os.environ.get(name, str(standard))
    try:
        value = float(text)
    except ValueError:
        sys.exit(f"{name}={text}: must be a number.")
    if not 0 < value <= most:
        sys.exit(f"{name}={text}: must be above 0 and at most {most:g}.")
    return value


class Customer(HttpUser):
    """Mostly looks; now and then uploads, chooses, says where to, and, if allowed, goes to pay."""

    abstract = True
    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        self.client.get("/")
        self.photos: list[str] = []
        self.products = self.client.get("/api/v1/products/").json()

    @task(10)
    def browse(self) -> None:
        self.client.get(random.choice(["/", "/", "/legal/terms/", "/theme.css"]))

    @task(3)
    def upload(self) -> None:
        photo = upload_clients.tiny_jpeg(random.randrange(256))
        headers = self._headers() | {"Content-Type": "image/jpeg", "X-Filename": "carga.jpg"}
        with self.client.post(
            "/api/v1/drafts/current/photos/", data=photo, headers=headers, catch_response=True
        ) as answer:
            if answer.status_code in (200, 201):
                self.photos = sorted({*self.photos, answer.json()["id"]})
                answer.success()

    @task(3)
    def choose(self) -> None:
        product = random.choice(self.products)
        choice = {"product": product["code"], "finish": product["finishes"][0]["code"], "quantity": 1, "fit": "crop"}
        rows = [choice | {"photo": photo, "crop": None} for photo in self.photos]
        self.client.put("/api/v1/drafts/current/items/", json=rows, headers=self._headers())

    @task(1)
    def delivery(self) -> None:
        self.client.put("/api/v1/drafts/current/delivery/", json=DELIVERY, headers=self._headers())

    @task(1)
    def review(self) -> None:
        self.client.get("/review/")

    @task(1)
    def checkout(self) -> None:
        """Asked again unchanged, the shop answers with the same order; an order not ready yet is refused with 409."""
        if not os.environ.get("CHECKOUT"):
            return
        asked = {"method": "checkout", "accept_terms": True}
        with self.client.post(
            "/api/v1/drafts/current/checkout/", json=asked, headers=self._headers(), catch_response=True
        ) as answer:
            if answer.status_code in (201, 409):
                answer.success()

    def _headers(self) -> dict[str, str]:
        return {"X-CSRFToken": self.client.cookies.get("csrftoken") or ""}


def main() -> int:
    url = os.environ.get("URL", "http://127.0.0.1:8000").rstrip("/")
    users, seconds = int(number("USERS", 20, 200)), number("SECONDS", 60, 600)
    max_p95, max_errors = number("MAX_P95_MS", 1000, 60_000), number("MAX_ERROR_PERCENT", 1, 100)
    if not os.environ.get("ALLOW_REMOTE") and not _is_here(url):
        print(f"{url} is not on this machine; ALLOW_REMOTE=1 if it is yours and may be loaded.", file=sys.stderr)
        return 2
    environment = Environment(user_classes=[Customer], host=url)
    runner = environment.create_local_runner()
    print(f"{users} customers at {url} for {seconds:g} s …", flush=True)
    runner.start(users, spawn_rate=max(1, users / 5))
    gevent.spawn_later(seconds, runner.quit)
    runner.greenlet.join()
    return _verdict(environment.stats, max_p95, max_errors)


def _verdict(stats: Any, max_p95: float, max_errors: float) -> int:
    """Prints the summary; 0 when enough requests were answered, quickly enough and without too many errors."""
    for entry in sorted(stats.entries.values(), key=lambda one: str(one.name)):
        print(
            f"{entry.method:4} {entry.name:40} {entry.num_requests:6} requests {entry.num_failures:5} failed"
            f"  p50 {entry.get_response_time_percentile(0.5):6.0f} ms  p95 {entry.get_response_time_percentile(0.95):6.0f} ms"
        )
    for error in stats.errors.values():
        print(f"failed: {error.method} {error.name}: {error.error} ({error.occurrences} times)")
    total = stats.total
    errors, p95 = total.fail_ratio * 100, total.get_response_time_percentile(0.95)
    good = total.num_requests >= ENOUGH and errors <= max_errors and p95 <= max_p95
    print(
        f"{'PASS' if good else 'FAIL'}: {total.num_requests} requests, errors {errors:.1f} % (at most {max_errors:g} %), "
        f"p95 {p95:.0f} ms (at most {max_p95:g} ms)"
    )
    return 0 if good else 1


def _is_here(url: str) -> bool:
    try:
        addresses = {entry[4][0] for entry in socket.getaddrinfo(urlsplit(url).hostname, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


if __name__ == "__main__":
    sys.exit(main())
