"""What happens to a purchase once it is paid: its customer cancels, the owner refunds, a bank takes the money back."""

import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
import requests

from tests.chaos.shop import Shop

PATIENCE_SECONDS = 180
EMAIL, PASSWORD = "dona@example.test", "so-para-o-teste-42"
T = TypeVar("T")


class Owner:
    """Refunds through the API, with one key for one refund however often the answer is lost (C33)."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.asked: dict[str, tuple[str, int]] = {}  # refund → order and cents, as the shop answered
        self.web = requests.Session()
        self.lock = threading.Lock()
        shop.manage(
            "shell", "--verbosity", "0", "-c",
            "from accounts.models import User;"
            f"User.objects.filter(email='{EMAIL}').exists() or User.objects.create_superuser('{EMAIL}', '{PASSWORD}')",
        )  # fmt: skip

    def refund(self, order: str, cents: int | None) -> bool:
        """`cents` of the order's payment, or all that is left; False when the shop says that there is nothing to refund."""
        key = uuid.uuid4().hex
        with self.lock:
            return patiently(lambda: self._refund(order, cents, key), "the owner's refund")

    def _refund(self, order: str, cents: int | None, key: str) -> bool | None:
        payment = self.shop.rows(
            "SELECT a.public_id FROM payments_paymentattempt a JOIN orders_order o ON o.id = a.order_id"
            " WHERE o.number = %s AND a.state = 'confirmed'",
            order,
        )
        if not payment:
            return None
        body: dict[str, Any] = {"reason": "pedido do cliente"} | ({"amount_cents": cents} if cents else {})
        answer = self.web.post(
            f"{self.shop.url}/api/v1/payments/{payment[0][0]}/refunds/",
            json=body,
            headers={"Idempotency-Key": key, **self._csrf()},
            timeout=60,
        )
        if answer.status_code == 409:
            return False
        if answer.status_code in (401, 403, 404):
            self._sign_in()  # Redis was emptied, and the visit with it
        if answer.status_code != 201:
            return None
        self.asked[answer.json()["id"]] = (order, answer.json()["amount_cents"])
        return True

    def _sign_in(self) -> None:
        self.web = requests.Session()
        address = f"{self.shop.url}/admin/login/"
        self.web.get(address, timeout=60)
        self.web.post(address, data={"username": EMAIL, "password": PASSWORD}, headers=self._csrf(), timeout=60)

    def _csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": str(self.web.cookies.get("csrftoken", "")), "Referer": f"{self.shop.url}/"}


def dispute(shop: Shop, order: str, outcome: str) -> None:
    """The customer's bank asks for the order's money; the dispute is `won` or `lost` a moment later, or left open ("")."""
    intent = patiently(lambda: _intent(shop, order), "the payment to be confirmed")

    def opened() -> str | None:
        found = [item["id"] for item in shop.objects("dispute") if item["payment_intent"] == intent]
        if not found:
            charge = next(item for item in shop.objects("charge") if item["payment_intent"] == intent and item["paid"])
            shop.sandbox(f"charges/{charge['id']}/dispute")
        return str(found[0]) if found else None

    def closed() -> bool | None:
        [status] = [item["status"] for item in shop.objects("dispute") if item["id"] == made]
        if status != outcome:
            shop.sandbox(f"disputes/{made}/{outcome}")
        return True if status == outcome else None

    made = patiently(opened, "the dispute")
    if outcome:
        patiently(closed, "the end of the dispute")


def close_open_disputes(shop: Shop) -> None:
    for item in shop.objects("dispute"):
        if item["status"] == "needs_response":
            shop.sandbox(f"disputes/{item['id']}/won")


def pay_by_link(shop: Shop, web: requests.Session, payer: str, card: str) -> str:
    """Opens the link, presses the button, pays at Stripe's page and comes back; the Session that was paid."""
    address = shop.payment_link

    def session() -> str | None:
        web.get(address, timeout=60)
        headers = {"X-CSRFToken": web.cookies.get("csrftoken", ""), "Referer": f"{shop.url}/"}
        answer = web.post(address, headers=headers, timeout=60, allow_redirects=False)
        found = re.search(r"/pay/(cs_\w+)", answer.headers.get("Location", ""))
        return found[1] if found else None

    def paid() -> bool | None:
        found = next(item for item in shop.objects("checkout.session") if item["id"] == made)
        if found["status"] == "open":
            shop.sandbox(f"sessions/{made}/pay", card=card, email=payer)
        return True if found["status"] == "complete" else None

    made = patiently(session, "the link's page at Stripe")
    patiently(paid, "the link to be paid")
    patiently(
        lambda: web.get(f"{address}return/?session_id={made}", timeout=60).status_code < 500 or None, "the way back"
    )
    return made


def patiently(what: Callable[[], T | None], name: str) -> T:
    """Tries until there is an answer, whoever is away meanwhile; TimeoutError."""
    deadline, seen = time.monotonic() + PATIENCE_SECONDS, ""
    while time.monotonic() < deadline:
        try:
            answer = what()
        except (requests.RequestException, ValueError, psycopg.Error, StopIteration) as error:
            answer, seen = None, type(error).__name__
        if answer is not None:
            return answer
        time.sleep(0.5)
    raise TimeoutError(f"{name} never came: {seen}")


def _intent(shop: Shop, order: str) -> str | None:
    found = shop.rows(
        "SELECT a.intent_id FROM payments_paymentattempt a JOIN orders_order o ON o.id = a.order_id"
        " WHERE o.number = %s AND a.state = 'confirmed'",
        order,
    )
    return str(found[0][0]) if found else None
