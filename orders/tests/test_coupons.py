"""Coupon codes: what they take off, who may use them, and that no limit is exceeded (C1, U0)."""

import contextlib
import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from django_redis import get_redis_connection
from hypothesis import given
from hypothesis import strategies as st

from orders import basket, checkout, coupons, drafts, limits, pricing, services
from orders.catalogue import install_default_catalogue
from orders.coupons import CouponRefused
from orders.limits import Limit
from orders.models import Coupon, Order, ShopSettings
from orders.pricing import Discount
from orders.tests import visitors
from orders.tests.factories import OrderFactory
from orders.tests.test_pricing import IVA, POST, PRODUCTS
from orders.tests.visitors import Browser
from uploads import stash

REVIEW = "/review/"


def coupon(**fields: Any) -> Coupon:
    return Coupon.objects.create(**{"code": "VERAO10", "kind": "percent", "percent": 10} | fields)


def with_code(code: str = "VERAO10", **delivery: Any) -> drafts.Draft:
    draft = visitors.complete()
    draft = drafts.set_delivery(draft, visitors.PICKUP | delivery)
    return drafts.set_coupon(draft, code)


def in_session(client: Client, draft: drafts.Draft) -> None:
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()


kinds = st.one_of(
    st.builds(Discount, st.just("X"), st.just("percent"), percent=st.integers(1, 100)),
    st.builds(Discount, st.just("X"), st.just("amount"), amount_cents=st.integers(1, 100_000)),
    st.builds(Discount, st.just("X"), st.just("free_shipping")),
)


@given(
    rows=st.lists(st.tuples(st.sampled_from(sorted(PRODUCTS)), st.integers(1, 99)), max_size=8),
    zone=st.sampled_from(["", "mainland", "madeira"]),
    discount=kinds,
    iva=st.sampled_from([Decimal(16), Decimal(22), Decimal(23)]),
)
def test_every_discounted_order_adds_up(
    rows: list[tuple[str, int]], zone: str, discount: Discount, iva: Decimal
) -> None:
    """C1: total = prints - discount + shipping; never negative, never below what Stripe charges unless it was before;
    IVA is the one within the total."""
    items = [{"product": product, "quantity": quantity} for product, quantity in rows]
    full = pricing.compute(list(items), PRODUCTS, POST, zone, "post", iva)
    totals = pricing.compute(list(items), PRODUCTS, POST, zone, "post", iva, "", discount)
    assert totals.total_cents == totals.items_cents + totals.shipping_cents - totals.discount_cents
    assert (totals.items_cents, totals.shipping_cents) == (full.items_cents, full.shipping_cents)
    assert 0 <= totals.discount_cents <= totals.items_cents + totals.shipping_cents
    assert totals.total_cents >= min(full.total_cents, 50)
    assert totals.tax_cents == pricing.tax_within(totals.total_cents, iva)
    if discount.kind != "free_shipping":
        assert totals.discount_cents <= totals.items_cents
    else:
        assert totals.discount_cents <= totals.shipping_cents


@pytest.mark.parametrize(
    ("discount", "items", "shipping", "cents"),
    [
        (Discount("X", "percent", percent=10), 1005, 390, 101),
        (Discount("X", "percent", percent=100), 1000, 390, 1000),
        (Discount("X", "percent", percent=100), 1000, 0, 950),
        (Discount("X", "amount", amount_cents=500), 1000, 390, 500),
        (Discount("X", "amount", amount_cents=5000), 1000, 390, 1000),
        (Discount("X", "free_shipping"), 1000, 390, 390),
        (Discount("X", "free_shipping"), 35, 390, 375),
        (Discount("X", "percent", percent=50), 40, 0, 0),
    ],
)
def test_what_a_code_takes_off(discount: Discount, items: int, shipping: int, cents: int) -> None:
    """Half a cent is rounded up; at least 50 cents remain, which is the least that Stripe charges."""
    assert discount.cents(items, shipping) == cents


def test_the_api_takes_a_code_and_shows_what_it_takes_off(db: None) -> None:
    coupon(percent=20)
    client = Browser(enforce_csrf_checks=True)
    draft = visitors.draft_of(client)
    install_default_catalogue()
    drafts.set_items(draft, [visitors.row(visitors.photo(draft), 10)])
    path = f"/api/v1/drafts/{draft.id}/coupon/"
    answer = client.put(path, {"code": " verao10 "}, "application/json")
    body = answer.json()
    assert (answer.status_code, body["coupon"]) == (200, {"code": "VERAO10", "problem": None})
    assert (body["totals"]["items_cents"], body["totals"]["discount_cents"], body["totals"]["total_cents"]) == (
        350,
        70,
        280,
    )
    refused = client.put(path, {"code": "NADA"}, "application/json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "coupon_unknown")
    assert client.get(f"/api/v1/drafts/{draft.id}/").json()["coupon"]["code"] == "VERAO10"
    assert client.put(path, {"code": ""}, "application/json").json()["totals"]["discount_cents"] == 0
    bodies: list[object] = [{"code": None}, {"code": ["X"]}, [], {}]
    for bad in bodies:
        assert client.put(path, bad, "application/json").status_code == 400
    assert client.put("/api/v1/drafts/unknown/coupon/", {"code": "X"}, "application/json").status_code == 404


def test_the_review_page_takes_a_code_without_a_script(client: Client, db: None) -> None:
    coupon()
    in_session(client, visitors.complete())
    client.post("/coupon/", {"code": "verao10"})
    shown = client.get(REVIEW).content.decode()
    assert "VERAO10" in shown
    assert "0,63" in shown
    client.post("/coupon/", {"code": ""})
    assert "0,63" not in client.get(REVIEW).content.decode()
    assert "Não conhecemos este código" in client.post("/coupon/", {"code": "<b>x</b>"}, follow=True).content.decode()


def test_an_order_freezes_its_discount(db: None) -> None:
    order = checkout.freeze(with_code(coupon().code), language="pt", terms=True)
    found = (order.items_cents, order.shipping_cents, order.discount_cents, order.total_cents, order.coupon_code)
    assert found == (70, 0, 7, 63, "VERAO10")
    assert order.tax_cents == pricing.tax_within(63, IVA)


def test_the_database_refuses_sums_that_do_not_add_up(db: None) -> None:
    order = OrderFactory()
    with pytest.raises(IntegrityError, match="order_total_adds_up"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(discount_cents=10, coupon_code="X")
    with pytest.raises(IntegrityError, match="order_discount_has_its_code"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(discount_cents=10, total_cents=450)
    with pytest.raises(IntegrityError, match="coupon_says_what_it_takes_off"), transaction.atomic():
        coupon(percent=101)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"active": False}, "coupon_expired"),
        ({"valid_until": timezone.now() - datetime.timedelta(seconds=1)}, "coupon_expired"),
        ({"valid_from": timezone.now() + datetime.timedelta(days=1)}, "coupon_not_yet"),
        ({"max_uses": 0}, "coupon_used_up"),
    ],
)
def test_a_code_that_does_not_hold_is_refused_and_nothing_is_frozen(fields: Any, code: str, db: None) -> None:
    """Refused when it is entered; and when it ends afterwards, the customer sees the new sum before paying it."""
    draft = with_code(coupon().code)
    Coupon.objects.update(**fields)
    with pytest.raises(CouponRefused) as refused:
        drafts.set_coupon(visitors.complete(), "VERAO10")
    assert refused.value.code == code
    worked_out = basket.load(draft)
    assert (worked_out.totals.discount_cents, worked_out.coupon_problem is not None) == (0, True)
    with pytest.raises(CouponRefused):
        checkout.freeze(draft, language="pt", terms=True)
    assert not Order.objects.exists()
    order = checkout.freeze(draft, language="pt", terms=True)
    assert (order.total_cents, order.coupon_code) == (70, "")


def test_a_code_holds_up_to_its_last_moment(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = timezone.now() + datetime.timedelta(days=1)
    coupon(valid_until=ends)
    monkeypatch.setattr(timezone, "now", lambda: ends - datetime.timedelta(microseconds=1))
    assert coupons.find("VERAO10", draft_id="any").valid_until == ends
    monkeypatch.setattr(timezone, "now", lambda: ends)
    with pytest.raises(CouponRefused) as refused:
        coupons.find("VERAO10", draft_id="any")
    assert refused.value.code == "coupon_expired"


def test_a_code_for_larger_orders_waits_until_the_order_is_large(db: None) -> None:
    draft = with_code(coupon(minimum_cents=71).code)
    shown = basket.load(draft)
    assert (shown.totals.discount_cents, getattr(shown.coupon_problem, "code", "")) == (0, "coupon_minimum")
    Coupon.objects.update(minimum_cents=70)
    assert basket.load(draft).totals.discount_cents == 7


def test_a_use_is_held_while_waiting_kept_when_paid_and_freed_otherwise(db: None) -> None:
    made = coupon(max_uses=1)
    draft = with_code()
    order = checkout.freeze(draft, language="pt", terms=True)
    assert checkout.freeze(draft, language="pt", terms=True) == order
    with pytest.raises(CouponRefused):
        with_code()
    for state, used in (("expired", 0), ("cancelled", 0)):
        Order.objects.update(state=state)
        assert coupons.uses(made).count() == used
    Order.objects.update(state="paid", paid_at=timezone.now())
    assert coupons.uses(made).count() == 1


def test_a_draft_that_is_changed_and_frozen_again_uses_the_code_once(db: None) -> None:
    coupon(max_uses=1)
    draft = with_code()
    checkout.freeze(draft, language="pt", terms=True)
    photo = stash.photos(draft.id)[0]
    drafts.set_items(draft, [visitors.row(photo, 5)])
    again = checkout.freeze(draft, language="pt", terms=True)
    assert (again.items_cents, again.coupon_code) == (175, "VERAO10")


def test_versions_of_one_draft_that_wait_take_one_use_from_others(db: None) -> None:
    """At most one of them is wanted; a second customer's draft takes the second use, and a paid order keeps its own."""
    made = coupon(max_uses=3)
    OrderFactory(paid=True, coupon=made, coupon_code="VERAO10", draft_id="bought")
    draft = with_code()
    checkout.freeze(draft, language="pt", terms=True)
    photo = stash.photos(draft.id)[0]
    drafts.set_items(draft, [visitors.row(photo, 5)])
    checkout.freeze(draft, language="pt", terms=True)
    assert Order.objects.filter(draft_id=draft.id, state="pending").count() == 2
    assert checkout.freeze(with_code(), language="pt", terms=True).coupon_code == "VERAO10"
    with pytest.raises(CouponRefused):
        with_code()
    assert Order.objects.count() == 4


def test_a_customer_uses_a_code_as_often_as_allowed(db: None) -> None:
    made = coupon(max_uses_each=1)
    OrderFactory(paid=True, coupon=made, coupon_code="VERAO10", email="Maria@example.test")
    with pytest.raises(CouponRefused) as refused:
        with_code()
    assert refused.value.code == "coupon_used_up"
    other = with_code(email="outra@example.test")
    assert basket.load(other).totals.discount_cents == 7


def test_an_order_that_waits_for_payment_holds_its_customers_use(db: None) -> None:
    """Before payment the database knows no email address; the first to be frozen keeps the sum that was promised, the
    second is shown the sum without the discount before paying it, whatever capitals the address is written with."""
    coupon(max_uses_each=1)
    first, second = with_code(), with_code(email="MARIA@example.test")
    assert basket.load(second).totals.discount_cents == 7
    frozen = checkout.freeze(first, language="pt", terms=True)
    assert getattr(basket.load(second).coupon_problem, "code", "") == "coupon_used_up"
    with pytest.raises(CouponRefused):
        checkout.freeze(second, language="pt", terms=True)
    assert Order.objects.get() == frozen
    assert checkout.freeze(second, language="pt", terms=True).total_cents == 70
    assert checkout.freeze(first, language="pt", terms=True) == frozen
    assert frozen.total_cents == 63
    assert checkout.freeze(with_code(email="outra@example.test"), language="pt", terms=True).total_cents == 63


def test_an_unpaid_order_gives_its_customers_use_back_and_a_voucher_keeps_it(db: None) -> None:
    made = coupon(max_uses_each=1)
    order = checkout.freeze(with_code(), language="pt", terms=True)
    services.mark_awaiting(order, until=timezone.now() + datetime.timedelta(days=3))
    (key,) = get_redis_connection("default").keys(f"coupon:{made.pk}:*")
    assert get_redis_connection("default").ttl(key) == pytest.approx(7 * 86_400, abs=5)
    assert b"maria" not in key
    with pytest.raises(CouponRefused):
        with_code()
    services.expire(order)
    assert basket.load(with_code()).totals.discount_cents == 7


def test_codes_cannot_be_guessed(client: Client, db: None) -> None:
    """C63: ten wrong codes in ten minutes; then right ones are refused as well, in the page's language, until there is
    room. Right ones and emptying the field do not count."""
    coupon()
    in_session(client, visitors.complete())
    for _customer in range(12):
        client.post("/coupon/", {"code": "verao10"})
        client.post("/coupon/", {"code": " "})
    for number in range(10):
        assert "Não conhecemos" in client.post("/coupon/", {"code": f"X{number}"}, follow=True).content.decode()
    shown = client.post("/coupon/", {"code": "verao10"}, follow=True).content.decode()
    assert "vezes de mais" in shown
    assert "0,63" not in shown
    client.cookies["language"] = "en"
    assert "tried too often" in client.post("/coupon/", {"code": "verao10"}, follow=True).content.decode()
    draft = drafts.get(client.session[drafts.SESSION_KEY])
    assert draft
    assert draft.coupon == ""
    put = Browser(enforce_csrf_checks=True)
    put.cookies = client.cookies
    put.get("/api/v1/drafts/current/")
    refused = put.put("/api/v1/drafts/current/coupon/", {"code": "VERAO10"}, "application/json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "too_many_tries")
    assert 590 <= int(refused["Retry-After"]) <= 600
    for key in get_redis_connection("default").keys("limit:*"):
        get_redis_connection("default").delete(key)
    assert "0.63" in client.post("/coupon/", {"code": "verao10"}, follow=True).content.decode()


def test_a_new_session_does_not_help_whoever_guesses_from_one_address(db: None) -> None:
    """C63: a hundred an address; another address is another visitor, and an IPv6 household is one."""
    tries = {"203.0.113.7": 0, "2001:db8:1:2::a": 0, "2001:db8:1:2:ffff::b": 0}
    limit = Limit("test", visitor=2, address=3, seconds=60)
    for address, visits in (("203.0.113.7", 4), ("2001:db8:1:2::a", 2), ("2001:db8:1:2:ffff::b", 2)):
        for _visit in range(visits):
            client = Client()
            visitors.draft_of(client)
            request = RequestFactory().get("/", REMOTE_ADDR=address)
            request.session = client.session
            with contextlib.suppress(limits.TooOften):
                limits.take(limit, request)
                tries[address] += 1
    assert list(tries.values()) == [3, 2, 1]


@pytest.mark.race
def test_of_twenty_tries_at_once_as_many_count_as_may(client: Client, db: None) -> None:
    """C63: also across the window's edge, since it slides."""
    visitors.draft_of(client)
    request = RequestFactory().get("/")
    request.session = client.session
    limit = Limit("test", visitor=5, address=50, seconds=1)

    def attempt(_number: int) -> bool:
        with contextlib.suppress(limits.TooOften):
            return bool(limits.take(limit, request))
        return False

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(attempt, range(20))) == 5
    with pytest.raises(limits.TooOften) as refused:
        limits.take(limit, request)
    assert refused.value.wait == 1
    time.sleep(1.05)
    limits.give_back(limits.take(limit, request))
    assert sum(attempt(number) for number in range(9)) == 5


def test_a_minimum_order_is_measured_before_the_discount(db: None) -> None:
    coupon()
    ShopSettings.objects.update_or_create(pk=1, defaults={"minimum_order_cents": 70})
    assert checkout.freeze(with_code(), language="pt", terms=True).total_cents == 63
