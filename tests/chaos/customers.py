"""Customers of the chaos shop: each buys once, with the patience of somebody who wants the prints and presses again."""

import dataclasses
import functools
import hashlib
import io
import random
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from PIL import Image

from tests.chaos import afterwards
from tests.chaos.shop import Shop

PATIENCE_SECONDS = 120
CARD, DECLINED = "4242424242424242", "4000000000000002"
WALKS = {
    "returns": 14, "leaves": 12, "ponders": 8, "clicks_twice": 8, "declined": 5, "edits": 6, "abandons": 5, "never_pays": 5,
    "voucher": 5, "voucher_fails": 3, "mb_way": 4, "mb_way_refused": 2, "element": 6, "element_declined": 3, "link": 4,
    "cancels": 5, "refunded": 3, "partly_refunded": 4, "dispute_won": 2, "dispute_lost": 3,
}  # fmt: skip
Json = dict[str, Any]


class StartedOver(Exception):
    """The shop no longer knows the draft (Redis was emptied), or refuses what it no longer knows."""


@dataclasses.dataclass
class Purchase:
    """What one customer did, as the customer remembers it."""

    number: int
    walk: str
    mark: str  # in the customer's name, address and file names, and nowhere else
    photos: list[bytes] = dataclasses.field(default_factory=list)
    orders: dict[str, str] = dataclasses.field(default_factory=dict)  # order number → signed link
    paid: str = ""  # the session that the customer paid
    problem: str = ""


class Customer:
    def __init__(
        self,
        shop: Shop,
        number: int,
        seed: str,
        statuses: Counter[str],
        walk: str = "",
        owner: afterwards.Owner | None = None,
    ) -> None:
        self.shop, self.owner = shop, owner
        self.dice = random.Random(f"{seed}:{number}")
        walk = walk or self.dice.choices(list(WALKS), list(WALKS.values()))[0]
        self.purchase = Purchase(number, walk, f"Zq{seed}x{number}x")
        self.purchase.photos = [photograph(f"{self.purchase.mark}{n}") for n in range(self.dice.choice((1, 1, 2)))]
        self.statuses = statuses
        self.web = requests.Session()

    def buy(self) -> Purchase:
        """The whole walk; what went wrong for good stands in `problem`."""
        made = self.purchase
        for _turn in range(8):
            try:
                self._walk()
            except StartedOver as why:
                self.statuses["started over"] += 1
                made.problem = f"started over: {why}"
                self.web = requests.Session()
            except TimeoutError as error:
                made.problem = str(error)
                return made
            else:
                made.problem = ""
                return made
        return made

    def prepare(self) -> list[str]:
        """Everything up to the button "pay"; the photos' ids."""
        self._open()
        ids = [self._upload(photo, n) for n, photo in enumerate(self.purchase.photos)]
        self._choose(ids, 2)
        self._deliver()
        return ids

    def _walk(self) -> None:
        if self.purchase.walk == "link":
            payer = f"quem-paga-{self.purchase.number}@example.test"
            self.purchase.paid = afterwards.pay_by_link(self.shop, self.web, payer, CARD)
            return
        ids = self.prepare()
        if self.purchase.walk == "abandons":
            return
        if self.purchase.walk.startswith("element"):
            self._pay_element(declined_first=self.purchase.walk == "element_declined")
            return
        session = self.checkout()
        if self.purchase.walk == "ponders":
            self.shop.pondering.add(self.purchase.number)
            time.sleep(self.dice.uniform(2, 8))
            self.shop.pondering.discard(self.purchase.number)
        if self.purchase.walk == "clicks_twice":
            with ThreadPoolExecutor(3) as clicks:
                sessions = {session, *clicks.map(lambda _n: self.checkout(), range(3))}
            if len(sessions) > 1:
                raise AssertionError(f"several payable pages: {sessions}")
        if self.purchase.walk == "edits":
            old = session
            self._choose(ids, 3)
            session = self.checkout()
            if self.dice.random() < 0.5 and self.pay(old, card=CARD):
                return
        if self.purchase.walk != "never_pays":
            self._pay_somehow(session)

    def _pay_somehow(self, session: str) -> None:
        walk = self.purchase.walk
        if walk == "declined":
            self.pay(session, card=DECLINED)
        if walk.startswith("voucher"):
            self.pay(session, method="multibanco")
            time.sleep(self.dice.uniform(0, 2))
            self._answer(session, "fail" if walk == "voucher_fails" else "complete")
            return
        if walk == "mb_way_refused":
            self.pay(session, method="mb_way", approve=False)
        if not self.pay(
            session, **({"method": "mb_way", "approve": True} if walk.startswith("mb_way") else {"card": CARD})
        ):
            raise StartedOver("the page had closed")
        if walk == "returns":
            self._ask("GET", f"/checkout/return/?session_id={session}", any_status=True)
        self._afterwards()

    def _afterwards(self) -> None:
        """What comes after the payment, while the storm goes on."""
        walk, order = self.purchase.walk, list(self.purchase.orders)[-1]
        time.sleep(self.dice.uniform(0, 3))
        if walk == "cancels":
            self.cancel(order)
        elif walk in ("refunded", "partly_refunded") and self.owner:
            self.owner.refund(order, None if walk == "refunded" else self.dice.randint(1, 50))
        elif walk.startswith("dispute"):
            afterwards.dispute(self.shop, order, walk.removeprefix("dispute_"))

    def cancel(self, order: str) -> None:
        """By the button on the order's page, as soon as the order is known to be paid."""
        token = self.purchase.orders[order].partition("t=")[2].partition("&")[0]

        def state() -> str | None:
            answer = self._ask("GET", f"/api/v1/orders/{order}/?t={token}", any_status=True)
            return str(answer.json()["state"]) if answer.status_code == 200 else None

        afterwards.patiently(lambda: state() not in (None, "pending") or None, "the order to be paid")
        self._ask("POST", f"/orders/{order}/cancel/?t={token}", any_status=True)

    def _pay_element(self, *, declined_first: bool) -> None:
        """The shop's own page: its Payment Element confirms the PaymentIntent."""
        answer = self._api("POST", "checkout/", json={"method": "elements", "accept_terms": True})
        self.purchase.orders[answer["order"]] = answer["order_url"]
        intent = answer["client_secret"].partition("_secret_")[0]
        form = {"key": "pk_test_chaos", "client_secret": answer["client_secret"], "method": "card", "name": "Ana"}
        form |= {"expiry": "12/34", "cvc": "123"}
        cards = [DECLINED, CARD] if declined_first else [CARD]

        def paid() -> bool | None:
            status = next(item["status"] for item in self.shop.objects("payment_intent") if item["id"] == intent)
            if status in ("requires_payment_method", "requires_confirmation"):
                card = cards.pop(0) if len(cards) > 1 else cards[0]
                requests.post(f"{self.shop.stripe}/v3/confirm", json=form | {"number": card}, timeout=20)
                return None
            if status == "canceled":
                raise StartedOver("the Intent was canceled")
            return True if status == "succeeded" else None

        afterwards.patiently(paid, "the Payment Element")
        self._ask("GET", f"/checkout/return/?payment_intent={intent}", any_status=True)

    def _open(self) -> None:
        self._ask("GET", "/")
        self.web.headers.update({"X-CSRFToken": self.web.cookies["csrftoken"], "Referer": f"{self.shop.url}/"})

    def _upload(self, photo: bytes, number: int) -> str:
        headers = {"Content-Type": "image/jpeg", "X-Filename": f"{self.purchase.mark}{number}.jpg"}
        made = self._api("POST", "photos/", data=photo, headers=headers)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while made["state"] == "checking":
            if time.monotonic() > deadline:
                raise TimeoutError("a photo was never checked")
            time.sleep(0.2)
            made = self._api("GET", f"photos/{made['id']}/")
        if made["state"] != "ready":
            raise StartedOver(f"a photo is {made['state']}: {made['problem']}")
        return str(made["id"])

    def _choose(self, photos: list[str], quantity: int) -> None:
        row = {"product": "10x15", "finish": "matte", "quantity": quantity, "fit": "crop", "crop": None}
        self._api("PUT", "items/", json=[row | {"photo": photo} for photo in photos])

    def _deliver(self) -> None:
        mark = self.purchase.mark
        delivery = {"method": "pickup", "name": f"{mark} Ângelo", "email": f"{mark.lower()}@example.test"}
        delivery |= {"phone": "+351912345678", "language": self.dice.choice(("pt", "en")), "note": f"nota {mark}"}
        if self.dice.random() < 0.7:
            delivery |= {"method": "post", "street": "Rua Augusta 100", "extra": mark, "nif": "123456789"}
            delivery |= {"postal_code": "1100-053", "city": "Lisboa"}
        self._api("PUT", "delivery/", json=delivery)

    def checkout(self) -> str:
        """Presses "pay" until the shop shows Stripe's page; the Session's id."""
        answer = self._api("POST", "checkout/", json={"method": "checkout", "accept_terms": True})
        self.purchase.orders[answer["order"]] = answer["order_url"]
        found = re.search(r"/pay/(cs_\w+)", answer["url"])
        if not found:
            raise StartedOver(f"nothing to pay at {answer['url']}")
        return found[1]

    def pay(self, session: str, **how: Any) -> bool:
        """At Stripe's page; True when it took the payment, now or at an earlier try whose answer was lost."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                self.shop.sandbox(f"sessions/{session}/pay", **how)
                found = next(item for item in self.shop.objects("checkout.session") if item["id"] == session)
            except (requests.RequestException, ValueError):
                time.sleep(0.5)
                continue
            if found["status"] == "complete":
                self.purchase.paid = session
            return bool(found["status"] == "complete")
        raise TimeoutError("Stripe's page never answered")

    def _answer(self, session: str, answer: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                found = next(item for item in self.shop.objects("checkout.session") if item["id"] == session)
                self.shop.sandbox(f"intents/{found['payment_intent']}/{answer}")
            except (requests.RequestException, ValueError):
                time.sleep(0.5)
                continue
            if answer == "fail":
                self.purchase.paid = ""
            return
        raise TimeoutError("Stripe never answered")

    def _api(self, method: str, path: str, **options: Any) -> Json:
        return dict(self._ask(method, f"/api/v1/drafts/current/{path}", **options).json())

    def _ask(self, method: str, path: str, *, any_status: bool = False, **options: Any) -> requests.Response:
        """Asks until there is an answer that is not the shop's or the network's fault; TimeoutError."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        seen = ""
        while time.monotonic() < deadline:
            try:
                answer = self.web.request(
                    method, self.shop.url + path, timeout=40, allow_redirects=not any_status, **options
                )
            except requests.RequestException as error:
                seen = type(error).__name__
                self.statuses["no answer"] += 1
            else:
                self.statuses[str(answer.status_code)] += 1
                seen = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code == 500:
                    self.statuses[f"500 {method} {re.sub('[0-9a-zA-Z_-]{20,}', '…', path)}"] += 1
                busy = answer.status_code == 409 and "draft_busy" in answer.text
                if answer.status_code < 500 and answer.status_code != 429 and not busy:
                    if answer.status_code >= 400 and not any_status:
                        raise StartedOver(f"{method} {path}: {seen}")
                    return answer
            time.sleep(self.dice.uniform(0.3, 1.2))
        raise TimeoutError(f"{method} {path} never worked: {seen}")


def upload_again(shop: Shop, purchase: Purchase, order: str) -> None:
    """Follows the signed link of the email that asks for photos, and gives them (C49)."""
    address = purchase.orders[order]
    token = address.partition("t=")[2].partition("&")[0]
    with requests.Session() as web:
        web.get(address, timeout=30)
        headers = {"X-CSRFToken": web.cookies.get("csrftoken", ""), "Referer": f"{shop.url}/"}
        shown = web.get(f"{shop.url}/api/v1/orders/{order}/", params={"t": token}, timeout=30)
        for photo in shown.json()["photos"] if shown.status_code == 200 else []:
            body = next((body for body in purchase.photos if _sha256(body) == photo["sha256"]), None)
            if body is not None and not photo["stored"]:
                web.post(
                    f"{shop.url}/api/v1/orders/{order}/photos/{photo['seq']}/",
                    params={"t": token},
                    files={"file": ("again.jpg", body, "image/jpeg")},
                    headers=headers,
                    timeout=60,
                )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@functools.lru_cache(maxsize=1)
def _picture() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((900, 600)).convert("RGB").save(out, "JPEG", quality=70)
    return out.getvalue()


def photograph(mark: str) -> bytes:
    """A small photo whose bytes are its own: the mark stands in a comment."""
    comment = mark.encode()
    return _picture()[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + _picture()[2:]
