"""C41: web server and workers killed with -9 at each step around a Stripe call, from outside, at steps held by locks."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local.fixtures import wait_until
from tests.chaos import afterwards, invariants, storm
from tests.chaos.customers import CARD, Customer
from tests.chaos.shop import FIRST, LONG, SECOND, WEB, Shop

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos")]
WITHIN_SECONDS = 60  # of a killed worker's return; in real time, nobody shortens the lease
ATTEMPTS = "payments_paymentattempt"


def customer(shop: Shop, seed: str) -> Customer:
    return Customer(shop, int(time.time() * 1000) % 10**9, seed, Counter(), walk="leaves")


def asked(shop: Shop, path: str = "checkout/sessions") -> int:
    calls = requests.get(f"{shop.stripe}/sandbox/requests?path=/v1/{path}", timeout=10).json()
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
    made = [item for item in calm_shop.objects("checkout.session") if item["metadata"].get("order") == order]
    assert [item["id"] for item in made] == session
    attempts = f"SELECT count(*) FROM {ATTEMPTS} a JOIN orders_order o ON o.id = a.order_id WHERE o.number = %s"
    assert calm_shop.rows(attempts, order) == [(1,)]
    assert buyer.pay(session[0], card=CARD)
    assert storm.settle(calm_shop, [buyer.purchase], seconds=100) == []
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
    assert storm.settle(calm_shop, [buyer.purchase], seconds=100) == []
    assert list(invariants.sentences(invariants.violations(calm_shop, [buyer.purchase]))) == []
    assert calm_shop.rows("SELECT state FROM orders_order WHERE number = %s", order) == [("paid",)]


def stripe_has_not_made_the_refund(shop: Shop, killed: Callable[[], None]) -> None:
    before = asked(shop, "refunds")
    wait_until(lambda: asked(shop, "refunds") > before, what="the call to Stripe")
    killed()


def stripe_has_made_the_refund(shop: Shop, killed: Callable[[], None]) -> None:
    wait_until(lambda: shop.objects("refund")[before_refunds(shop) :] != [], what="the refund at Stripe")
    killed()


def the_answer_is_being_stored(shop: Shop, killed: Callable[[], None]) -> None:
    wait_until(lambda: shop.objects("refund")[before_refunds(shop) :] != [], what="the refund at Stripe")
    with shop.connected() as held:
        held.execute(b"LOCK TABLE payments_refund IN EXCLUSIVE MODE")
        wait_until(lambda: waiting_for_a_lock(shop), what="the answer to be stored")
        killed()


def kill(shop: Shop, names: list[str]) -> None:
    for name in names:
        shop.programs[name].kill()


def before_refunds(shop: Shop) -> int:
    """How many refunds at Stripe the shop has booked."""
    return int(shop.rows("SELECT count(*) FROM payments_refund WHERE provider_id IS NOT NULL")[0][0])


REFUND_STEPS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "Stripe has not made the refund": (stripe_has_not_made_the_refund, {"when": "before", "seconds": 3.0}),
    "Stripe has made the refund": (stripe_has_made_the_refund, {"when": "after", "seconds": 3.0}),
    "the answer is being stored": (the_answer_is_being_stored, {"when": "after", "seconds": 2.0}),
}


ASKED_BY = [("the owner", step) for step in REFUND_STEPS] + [("the customer", "Stripe has made the refund")]
if LONG:
    ASKED_BY += [("the customer", step) for step in REFUND_STEPS if step != "Stripe has made the refund"]


@pytest.mark.parametrize(("asks", "step"), ASKED_BY)
def test_a_kill_around_a_refund_makes_it_once(calm_shop: Shop, asks: str, step: str) -> None:
    """C41, C33: the owner's refund dies with the web server, that of a cancelled order with the workers; afterwards Stripe has
    one refund of it, and the books know it."""
    hold, fault = REFUND_STEPS[step]
    owner = afterwards.Owner(calm_shop)
    buyer = Customer(calm_shop, int(time.time() * 1000) % 10**9, "refund", Counter(), walk="leaves")
    buyer.buy()
    [order] = buyer.purchase.orders
    stored = "SELECT stored_at IS NOT NULL FROM orders_order WHERE number = %s"
    wait_until(lambda: calm_shop.rows(stored, order) == [(True,)], seconds=60, what="the order to be stored")
    calm_shop.misbehave(fail={"kind": "timeout", "path": "refunds", "method": "POST", **fault})
    names = [WEB] if asks == "the owner" else [FIRST, SECOND]
    press = (lambda: owner.refund(order, 40)) if asks == "the owner" else (lambda: buyer.cancel(order))
    click = threading.Thread(target=press)
    click.start()
    hold(calm_shop, lambda: kill(calm_shop, names))
    for name in names:
        calm_shop.programs[name].start()
    # The half minute until a refund whose sending was cut off is sent again, told instead of waited for.
    calm_shop.change("UPDATE outbox_outboxmessage SET next_attempt_at = now() WHERE state <> 'done'")
    click.join(timeout=120)
    assert storm.settle(calm_shop, [buyer.purchase], seconds=100) == []
    found = invariants.violations(calm_shop, [buyer.purchase], owner.asked)
    assert list(invariants.sentences(found)) == []
    total = "SELECT total_cents FROM orders_order WHERE number = %s"
    cents = 40 if asks == "the owner" else calm_shop.rows(total, order)[0][0]
    made = [item["amount"] for item in calm_shop.objects("refund") if item["metadata"].get("order") == order]
    assert made == [cents]
