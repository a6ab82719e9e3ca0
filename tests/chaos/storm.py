"""Many purchases while one fault after the other happens; then calm, patience, and the invariants."""

import dataclasses
import json
import random
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import redis
import requests

from tests.chaos import afterwards, faults, invariants
from tests.chaos.customers import Customer, Purchase, upload_again
from tests.chaos.shop import Shop

CALM_SECONDS = 900  # backoffs grow to ten minutes


@dataclasses.dataclass
class Report:
    """The figures of a storm. `violations` by kind; all empty is what is wanted."""

    seed: str
    purchases: list[Purchase]
    faults: Counter[str]
    statuses: Counter[str]
    seconds: float
    calm_seconds: float
    violations: dict[str, list[str]]
    money: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "purchases": len(self.purchases),
            "walks": Counter(made.walk for made in self.purchases),
            "faults": dict(self.faults.most_common()),
            "faults_in_all": sum(self.faults.values()),
            "answers": dict(self.statuses.most_common()),
            "storm_seconds": round(self.seconds),
            "calm_seconds": round(self.calm_seconds),
            "books": self.money,
            "violations": self.violations,
        }

    def text(self) -> str:
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False)


def run(shop: Shop, count: int, seed: str, *, customers: int = 8, pause: float = 2.0) -> Report:
    """`count` purchases by so many customers at a time, a random fault about every `pause` seconds."""
    statuses, happened = Counter[str](), Counter[str]()
    owner = afterwards.Owner(shop)
    shop.payment_link = shop.manage("payment_link", "7.50", "Sessão de retrato", "--many").split()[-1]
    began = time.monotonic()
    with ThreadPoolExecutor(customers) as crowd:
        buying = [crowd.submit(_buy, shop, number, seed, statuses, owner) for number in range(count)]
        # In this thread: a keeper ends its program when the thread that started it is gone.
        _faults(shop, seed, happened, buying, pause)
    purchases = [made.result() for made in buying]
    _refund_some(shop, random.Random(f"{seed}:refunds"))
    calm = time.monotonic()
    wrongly_payable = settle(shop, purchases)
    return Report(
        seed=seed,
        purchases=purchases,
        faults=happened,
        statuses=statuses,
        seconds=calm - began,
        calm_seconds=time.monotonic() - calm,
        violations={"payable": wrongly_payable} | invariants.violations(shop, purchases, owner.asked),
        money=figures(shop) | {"refunds asked of the shop by the owner": len(owner.asked)},
    )


def say(line: str) -> None:
    """One line of progress: a storm takes a while."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def _buy(shop: Shop, number: int, seed: str, statuses: Counter[str], owner: afterwards.Owner) -> Purchase:
    made = Customer(shop, number, seed, statuses, owner=owner).buy()
    say(f"purchase {number} ({made.walk}) {made.problem or 'done'}")
    return made


def _faults(shop: Shop, seed: str, happened: Counter[str], buying: list["Future[Purchase]"], pause: float) -> None:
    dice = random.Random(f"{seed}:faults")
    deck = faults.deck(dice)
    while not all(made.done() for made in buying):
        time.sleep(dice.uniform(pause / 2, pause * 1.5))
        began = time.monotonic()
        name = next(deck)
        faults.happen(shop, name, dice)
        happened[name] += 1
        say(f"fault {sum(happened.values())}: {name}, {time.monotonic() - began:.1f} s")


def _refund_some(shop: Shop, dice: random.Random) -> None:
    """A tenth of the payments goes back, in part or whole, in Stripe's dashboard (C35)."""
    try:
        charges = [
            item
            for item in shop.objects("charge")
            if item["paid"] and not item["amount_refunded"] and not item["disputed"]
        ]
        for charge in charges:
            if dice.random() < 0.1:
                amount = charge["amount"] if dice.random() < 0.5 else charge["amount"] // 3
                shop.sandbox(f"charges/{charge['id']}/refund", amount=amount)
    except (requests.RequestException, ValueError):
        return  # Stripe is away just now; the books are compared with what it did


def settle(shop: Shop, purchases: list[Purchase], seconds: float = CALM_SECONDS) -> list[str]:
    """Everything is mended; what could still be paid and should not (invariants.payable) is the answer. Then unpaid pages
    end, and nothing is left to do. What is still not done after so many seconds is found by the other invariants."""
    shop.heal()
    afterwards.close_open_disputes(shop)
    if any(item["state"] == "dropped" for item in _deliveries(shop)):
        shop.manage("replay_webhooks", "--undelivered")
    deadline = time.monotonic() + seconds
    _wait(shop, purchases, deadline, unpaid_may_stay=True)
    wrongly_payable = _wrongly_payable(shop)
    for session in shop.objects("checkout.session"):
        if session["status"] == "open":
            shop.sandbox(f"sessions/{session['id']}/expire")
    if _wait(shop, purchases, deadline, unpaid_may_stay=True) and list(invariants.stuck(shop, [])):
        a_day_passes(shop)
        _wait(shop, purchases, deadline, unpaid_may_stay=False)
    return wrongly_payable


def _wait(shop: Shop, purchases: list[Purchase], deadline: float, *, unpaid_may_stay: bool) -> bool:
    """Until nothing is left to do, while customers who are asked for photos give them; False when the time is over.
    `unpaid_may_stay`: orders, payments and links that nobody has paid yet are nothing to do."""
    asked, said = 0.0, time.monotonic()
    while time.monotonic() < deadline:
        try:
            if time.monotonic() - asked > 15:
                _answer_requests_for_photos(shop, purchases)
                asked = time.monotonic()
            left = [it for it in invariants.stuck(shop, []) if not (unpaid_may_stay and invariants.is_unpaid(it))]
            if not left and not _undelivered(shop):
                return True
            if time.monotonic() - said > 20:
                said = time.monotonic()
                say(f"waiting for {left[:8]}")
        except (psycopg.Error, requests.RequestException):
            pass
        time.sleep(1)
    return False


def _wrongly_payable(shop: Shop) -> list[str]:
    """Looked at again after the sweep that beat sends every few minutes, which closes what a killed process left open."""
    if not list(invariants.payable(shop)):
        return []
    sweep(shop)
    return list(invariants.payable(shop))


def a_day_passes(shop: Shop) -> None:
    """Told instead of waited for: drafts end, unpaid orders and attempts are two days older, and the sweep that beat sends
    every five minutes comes by. A customer whose voucher failed could have paid until now (C28)."""
    ago = "interval '2 days'"
    shop.change(f"UPDATE orders_order SET created_at = created_at - {ago} WHERE state = 'pending'")
    shop.change(
        f"UPDATE payments_paymentattempt SET created_at = created_at - {ago}, expires_at = expires_at - {ago}"
        " WHERE state IN ('created', 'pending')"
    )
    shop.change(
        "UPDATE payments_linkpayment SET expires_at = expires_at - interval '2 days' WHERE confirmed_at IS NULL"
    )
    with redis.Redis.from_url(shop.redis.url) as client:
        for key in client.scan_iter("*draft:*"):
            client.delete(key)
    sweep(shop)


def sweep(shop: Shop) -> None:
    shop.manage("shell", "--verbosity", "0", "-c", "from payments import leftovers; leftovers.run()")


def _undelivered(shop: Shop) -> bool:
    return any(item["state"] in ("new", "waiting") for item in _deliveries(shop))


def _deliveries(shop: Shop) -> list[dict[str, Any]]:
    return list(requests.get(f"{shop.stripe}/sandbox/deliveries", timeout=30).json())


def _answer_requests_for_photos(shop: Shop, purchases: list[Purchase]) -> None:
    waiting = {number for (number,) in shop.rows("SELECT number FROM orders_order WHERE state = 'needs_photos'")}
    for purchase in purchases:
        for number in waiting & purchase.orders.keys():
            upload_again(shop, purchase, number)


def figures(shop: Shop) -> dict[str, int]:
    """What the rows say at the end."""
    queries = {
        "orders": "SELECT count(*) FROM orders_order",
        "orders paid": "SELECT count(*) FROM orders_order WHERE paid_at IS NOT NULL",
        "orders that had to ask for photos": "SELECT count(DISTINCT order_id) FROM orders_orderevent"
        " WHERE kind = 'needs_photos'",
        "orders cancelled after they were paid": "SELECT count(*) FROM orders_order"
        " WHERE state = 'cancelled' AND paid_at IS NOT NULL",
        "disputes": "SELECT count(*) FROM payments_dispute",
        "payments by link": "SELECT count(*) FROM payments_linkpayment WHERE state = 'confirmed'",
        "payment attempts": "SELECT count(*) FROM payments_paymentattempt",
        "received cents": "SELECT coalesce(sum(received_cents), 0) FROM every_payment",
        "refunded cents": "SELECT coalesce(sum(refunded_cents), 0) FROM every_payment",
        "events": "SELECT count(*) FROM payments_webhookevent",
        "events tried again": "SELECT count(*) FROM payments_webhookevent WHERE attempts > 1",
        "outbox messages": "SELECT count(*) FROM outbox_outboxmessage",
        "outbox messages tried again": "SELECT count(*) FROM outbox_outboxmessage WHERE attempts > 1",
    }
    found = {name: int(shop.rows(query)[0][0]) for name, query in queries.items()}
    intents = shop.objects("payment_intent")
    found["received cents by Stripe"] = sum(item["amount_received"] for item in intents)
    refunds = shop.objects("refund")
    found["refunded cents by Stripe"] = sum(item["amount"] for item in refunds if item["status"] == "succeeded")
    found["letters"] = len(shop.mailbox.messages())
    found["letters sent again with the same Message-ID"] = invariants.letters_again(shop)
    return found
