"""C41: web server and workers killed with -9 at each step around a Stripe call, from outside, at steps held by locks."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.fixtures import wait_until
from tests.chaos import invariants, storm
from tests.chaos.customers import CARD, Customer
from tests.chaos.shop import FIRST, SECOND, WEB, Shop

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos")]
WITHIN_SECONDS = 60  # of a killed worker's return; in real time, nobody shortens the lease
ATTEMPTS = "payments_paymentattempt"


def customer(shop: Shop, seed: str) -> Customer:
    return Customer(shop, int(time.time() * 1000) % 10**9, seed, Counter(), walk="leaves")


def asked(shop: Shop) -> int:
    calls = requests.get(f"{shop.stripe}/sandbox/requests?path=/v1/checkout/sessions", timeout=10).json()
    return sum(call["method"] == "POST" for call in calls)


def waiting_for_a_lock(shop: Shop) -> bool:
    return bool(shop.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def before_the_attempt_is_committed(shop: Shop, killed: Callable[[], None]) -> None:
    with shop.connected() as held:
        held.execute(f"LOCK TABLE {ATTEMPTS} IN EXCLUSIVE MODE".encode())
        wait_until(lambda: waiting_for_a_lock(shop), what="the attempt's insert")
        killed()


def while_stripe_has_not_committed(shop: Shop, killed: Callable[[], None]) -> None:
    before = asked(shop)
    wait_until(lambda: asked(shop) > before, what="the call to Stripe")
    killed()


def after_stripe_committed(shop: Shop, killed: Callable[[], None]) -> None:
    before = len(shop.objects("checkout.session"))
    wait_until(lambda: len(shop.objects("checkout.session")) > before, what="the Session")
    killed()


def before_the_answer_is_stored(shop: Shop, killed: Callable[[], None]) -> None:
    before = len(shop.objects("checkout.session"))
    wait_until(lambda: len(shop.objects("checkout.session")) > before, what="the Session")
    with shop.connected() as held:
        held.execute(f"LOCK TABLE {ATTEMPTS} IN EXCLUSIVE MODE".encode())
        wait_until(lambda: waiting_for_a_lock(shop), what="the answer to be stored")
        killed()


STEPS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "before the attempt is committed": (before_the_attempt_is_committed, {}),
    "before Stripe commits": (while_stripe_has_not_committed, {"when": "before", "seconds": 3.0}),
    "after Stripe committed": (after_stripe_committed, {"when": "after", "seconds": 3.0}),
    "before the answer is stored": (before_the_answer_is_stored, {"when": "after", "seconds": 2.0}),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_web_process_killed_around_the_call_to_stripe_leaves_one_session(calm_shop: Shop, step: str) -> None:
    """C41: after the restart the customer's next click finds the same Session, and paying it makes one order."""
    hold, fault = STEPS[step]
    buyer = customer(calm_shop, "kill")
    buyer.prepare()
    if fault:
        calm_shop.misbehave(fail={"kind": "timeout", "path": "checkout/sessions", "method": "POST", **fault})
    session: list[str] = []
    click = threading.Thread(target=lambda: session.append(buyer.checkout()))
    click.start()
    hold(calm_shop, calm_shop.programs[WEB].kill)
    calm_shop.programs[WEB].start()
    click.join(timeout=120)
    assert buyer.statuses["no answer"] >= 1  # the kill met the click
    [order] = buyer.purchase.orders
    made = [item for item in calm_shop.objects("checkout.session") if item["metadata"]["order"] == order]
    assert [item["id"] for item in made] == session
    attempts = f"SELECT count(*) FROM {ATTEMPTS} a JOIN orders_order o ON o.id = a.order_id WHERE o.number = %s"  # noqa: S608
    assert calm_shop.rows(attempts, order) == [(1,)]
    assert buyer.pay(session[0], card=CARD)
    storm.settle(calm_shop, [buyer.purchase], seconds=100)
    assert list(invariants.sentences(invariants.violations(calm_shop, [buyer.purchase]))) == []
    assert calm_shop.rows("SELECT state FROM orders_order WHERE number = %s", order) == [("paid",)]


def test_workers_killed_while_they_confirm_a_payment_confirm_it_once(calm_shop: Shop) -> None:
    """C41: both workers die with the event in their hands; within a minute of their return all has happened, once."""
    buyer = customer(calm_shop, "worker")
    buyer.prepare()
    session = buyer.checkout()
    [order] = buyer.purchase.orders
    with calm_shop.connected() as held:
        held.execute(b"SELECT 1 FROM orders_order WHERE number = %s FOR UPDATE", [order])
        assert buyer.pay(session, card=CARD)
        wait_until(lambda: waiting_for_a_lock(calm_shop), what="a worker to confirm")
        for name in (FIRST, SECOND):
            calm_shop.programs[name].kill()
    assert calm_shop.rows("SELECT state FROM orders_order WHERE number = %s", order) == [("pending",)]
    for name in (FIRST, SECOND):
        calm_shop.programs[name].start()
    paid = "SELECT 1 FROM orders_order WHERE number = %s AND state = 'paid'"
    wait_until(lambda: calm_shop.rows(paid, order), seconds=WITHIN_SECONDS, what="the payment to be confirmed")
    storm.settle(calm_shop, [buyer.purchase], seconds=100)
    assert list(invariants.sentences(invariants.violations(calm_shop, [buyer.purchase]))) == []
    assert calm_shop.rows("SELECT state FROM orders_order WHERE number = %s", order) == [("paid",)]
