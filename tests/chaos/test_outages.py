"""C50: each thing that the shop stands on, away in the middle of the walk. C9, C17, C49 and C13 over the wire."""

import hashlib
import hmac
import json
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests

from local.fixtures import wait_until
from tests.chaos import invariants, storm
from tests.chaos.customers import CARD
from tests.chaos.shop import LONG, Shop
from tests.chaos.test_kills import customer

SERVICES = ["postgres", "redis", "broker", "s3", "sandbox", "SMTP"]

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600), pytest.mark.xdist_group("chaos")]


def fine(shop: Shop, *buyers: Any) -> None:
    """The dust settles, and every invariant holds."""
    purchases = [buyer.purchase for buyer in buyers]
    assert storm.settle(shop, purchases, seconds=150) == []
    assert list(invariants.sentences(invariants.violations(shop, purchases))) == []


def state(shop: Shop, order: str) -> str:
    return str(shop.rows("SELECT state FROM orders_order WHERE number = %s", order)[0][0])


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_away_at_the_payment_comes_back_and_nothing_is_lost(calm_shop: Shop, name: str) -> None:
    """C50: killed just as the customer pays, back some seconds later; another customer buys meanwhile."""
    buyer, other = customer(calm_shop, f"away{name}"), customer(calm_shop, f"other{name}")
    buyer.prepare()
    session = buyer.checkout()
    with ThreadPoolExecutor(1) as meanwhile:
        buying: Future[Any] = meanwhile.submit(other.buy)
        if name != "sandbox":
            assert buyer.pay(session, card=CARD)
        _away(calm_shop, name, seconds=60 if LONG else 5)
        if name == "sandbox":
            assert buyer.pay(session, card=CARD)
        assert buying.result(timeout=200).problem == ""
    fine(calm_shop, buyer, other)
    assert [state(calm_shop, order) for order in buyer.purchase.orders] == ["paid"]


@pytest.mark.parametrize("name", SERVICES if LONG else ["redis"])
def test_what_is_away_for_a_minute_meets_customers_at_every_step_and_nothing_is_lost(
    calm_shop: Shop, name: str
) -> None:
    """C50: one customer after the other comes in, so that the minute finds them at each step of the walk."""
    seconds = 60 if LONG else 5
    buyers = [customer(calm_shop, f"minute{name}{number}") for number in range(8)]
    with ThreadPoolExecutor(len(buyers)) as crowd:
        buying: list[Future[Any]] = []
        for buyer in buyers:
            buying.append(crowd.submit(buyer.buy))
            time.sleep(1)
        _away(calm_shop, name, seconds)
        assert [made.result(timeout=300).problem for made in buying] == [""] * len(buyers)
    fine(calm_shop, *buyers)
    assert {state(calm_shop, order) for buyer in buyers for order in buyer.purchase.orders} <= {"paid", "expired"}


def test_while_postgresql_is_away_customers_are_told_of_a_short_break(calm_shop: Shop) -> None:
    """C50: page and API answer 503 with when to try again, no crash; afterwards the same requests work."""
    buyer = customer(calm_shop, "break")
    photos = buyer.prepare()
    row = {"product": "10x15", "finish": "matte", "quantity": 2, "fit": "crop", "crop": None}
    items, page = f"{calm_shop.url}/api/v1/drafts/current/items/", f"{calm_shop.url}/delivery/"
    rows = [row | {"photo": photo} for photo in photos]
    calm_shop.programs["postgres"].kill()
    try:
        refused, shown = buyer.web.put(items, json=rows, timeout=40), buyer.web.get(page, timeout=40)
    finally:
        calm_shop.programs["postgres"].start()
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (503, "service_unavailable")
    assert (shown.status_code, "503" in shown.text, shown.headers["Retry-After"]) == (503, True, "30")
    wait_until(lambda: buyer.web.get(page, timeout=40).status_code == 200, seconds=60, what="PostgreSQL")
    assert buyer.web.put(items, json=rows, timeout=40).status_code == 200
    fine(calm_shop, buyer)


def _away(shop: Shop, name: str, seconds: float) -> None:
    if name == "SMTP":
        shop.mailbox.stop()
        time.sleep(seconds)
        shop.mailbox.start()
        return
    shop.programs[name].kill()
    time.sleep(seconds)
    shop.programs[name].start()


def test_redis_emptied_between_checkout_and_payment_keeps_order_and_address(calm_shop: Shop) -> None:
    """C49: the paid order exists with its address from Stripe, asks for its photos, and goes on when they come."""
    buyer = customer(calm_shop, "emptied")
    buyer.prepare()
    session = buyer.checkout()
    [order] = buyer.purchase.orders
    calm_shop.empty(calm_shop.redis)
    calm_shop.empty(calm_shop.broker)
    assert buyer.pay(session, card=CARD)
    wait_until(lambda: state(calm_shop, order) == "needs_photos", seconds=60, what="the order to ask for photos")
    assert calm_shop.rows("SELECT email FROM orders_order WHERE number = %s", order) == [
        (f"{buyer.purchase.mark.lower()}@example.test",)
    ]
    fine(calm_shop, buyer)
    assert state(calm_shop, order) == "paid"


def test_each_event_twenty_times_and_twenty_success_pages_at_once_have_one_effect(calm_shop: Shop) -> None:
    """C9, C17: over the wire, through several web processes and two workers."""
    buyer = customer(calm_shop, "twenty")
    buyer.prepare()
    session = buyer.checkout()
    [order] = buyer.purchase.orders
    calm_shop.misbehave(webhook_drop=True)
    known = {item["id"] for item in calm_shop.objects("event")}
    assert buyer.pay(session, card=CARD)
    events = [item for item in calm_shop.objects("event") if item["id"] not in known]
    assert len(events) >= 2
    page = f"{calm_shop.url}/checkout/return/?session_id={session}"
    with ThreadPoolExecutor(40) as crowd:
        returns = [crowd.submit(buyer.web.get, page, timeout=60) for _n in range(20)]
        posts = [crowd.submit(deliver, calm_shop, event) for event in events for _n in range(20)]
        assert {made.result() for made in posts} == {200}
        assert max(made.result().status_code for made in returns) < 500
    assert calm_shop.rows("SELECT count(*) FROM payments_webhookevent WHERE event_id = ANY(%s)",
                          [event["id"] for event in events]) == [(len(events),)]  # fmt: skip
    fine(calm_shop, buyer)
    assert state(calm_shop, order) == "paid"


def test_a_clock_that_is_off_by_more_than_five_minutes_is_refused_both_ways(calm_shop: Shop) -> None:
    """C12, C13: and within five minutes accepted; the refused leave no row."""
    event = {"id": "evt_skew", "object": "event", "type": "invoice.paid", "created": 1, "data": {"object": {}}}
    skews = [-310, -280, 280, 310]
    assert [deliver(calm_shop, event | {"id": f"evt_skew{skew}"}, skew) for skew in skews] == [400, 200, 200, 400]
    rows = calm_shop.rows("SELECT count(*) FROM payments_webhookevent WHERE event_id LIKE 'evt_skew%%' AND %s", True)
    assert rows == [(2,)]


def deliver(shop: Shop, event: dict[str, Any], skew: int = 0) -> int:
    """Posts the event as Stripe would, its clock off by `skew` seconds; the status of the answer."""
    body, at = json.dumps(event).encode(), int(time.time()) + skew
    mac = hmac.new(os.environ["STRIPE_WEBHOOK_SECRET"].encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={at},v1={mac}", "Content-Type": "application/json"}
    return requests.post(f"{shop.url}/webhooks/stripe/", data=body, headers=headers, timeout=60).status_code
