"""The order list in the admin: what to do next, search, filters, and how little it asks the database."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import Order
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage

LIST = "/admin/orders/order/"


def numbers(client: Client, query: str = "") -> set[str]:
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 200
    return set(re.findall(r"PO-[2-9A-Z]{10}", response.content.decode()))


def stored(**fields: Any) -> Order:
    return OrderFactory(paid=True, stored_at=timezone.now(), **fields)


@pytest.mark.parametrize("count", [1, 25])
def test_the_list_asks_at_most_twelve_queries_however_many_orders_there_are(
    owner_client: Client, django_assert_max_num_queries: Any, count: int
) -> None:
    """admin_orders_1m: ≤ 12 queries."""
    for _unused in range(count):
        stored()
    with django_assert_max_num_queries(12):
        response = owner_client.get(LIST)
    assert len(set(re.findall(r"PO-[2-9A-Z]{10}", response.content.decode()))) == count


def test_one_and_twenty_five_orders_cost_the_same_number_of_queries(
    owner_client: Client, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    stored()
    with CaptureQueriesContext(connection) as one:
        owner_client.get(LIST)
    for _unused in range(24):
        stored()
    with django_assert_num_queries(len(one)):
        owner_client.get(LIST)


@pytest.mark.parametrize(
    "term", ["maria", "joao angelo", "João", "MARIA@EXAMPLE", "912345678", "+351 912 345", "912 345 678"]
)
def test_a_paid_order_is_found_by_the_beginning_of_name_email_or_phone(owner_client: Client, term: str) -> None:
    wanted = stored()
    stored(name="Rui Pires", email="rui@example.test", phone="+351961111111")
    assert numbers(owner_client, f"q={term.replace('+', '%2B')}") == {wanted.number}


@pytest.mark.parametrize("cut", [slice(None), slice(0, 7), slice(3, 9)])
def test_an_order_is_found_by_its_number_or_the_beginning_of_it(owner_client: Client, cut: slice) -> None:
    wanted = stored(number="PO-ABCDEFGH23")
    stored(number="PO-ZZZZZZZZ99")
    assert numbers(owner_client, f"q={wanted.number[cut].lower()}") == {wanted.number}


@pytest.mark.parametrize("term", ["%", "_", "'; --", "& | !", "( ", "\\", ":*"])
def test_a_search_for_odd_signs_finds_nothing_and_breaks_nothing(owner_client: Client, term: str) -> None:
    stored()
    assert numbers(owner_client, f"q={term.replace('%', '%25').replace('&', '%26')}") == set()


def test_each_kind_of_work_has_its_tab_with_a_count_and_its_orders(owner_client: Client) -> None:
    """O1: review, cancelled with money here, failed tasks, photos missing, address flagged, to print, in production, to send."""
    orders = {
        "review": stored(state="delivered", payment_state="review"),
        "money": stored(state="cancelled", payment_state="partly_refunded"),
        "photos": OrderFactory(paid=True, state="needs_photos"),
        "address": stored(state="ready", address_flagged=True),
        "print": stored(),
        "finish": stored(state="in_production"),
    }
    broken = stored(state="shipped")
    OutboxMessage.objects.create(
        task="orders.store_photos", queue="photos", key="store:x", payload={"order_id": broken.pk}, state="failed"
    )
    for kind, order in {**orders, "tasks": broken}.items():
        assert numbers(owner_client, f"todo={kind}") == {order.number}, kind
    assert numbers(owner_client, "todo=ship") == {orders["address"].number}
    page = owner_client.get(LIST).content.decode()
    assert re.search(r"Failed tasks <b>1</b>", page)
    assert re.search(r"To print <b>1</b>", page)


@pytest.mark.parametrize(("payment", "listed"), [("paid", 1), ("partly_refunded", 1), ("review", 1), ("refunded", 0), ("unpaid", 0)])  # fmt: skip
def test_a_cancelled_order_stays_on_the_desk_until_its_money_went_back(
    owner_client: Client, payment: str, listed: int
) -> None:
    stored(state="cancelled", payment_state=payment)
    stored(state="delivered")
    assert len(numbers(owner_client, "todo=money")) == listed
    assert owner_client.get("/admin/").context["todos"][1]["count"] == listed


def test_an_order_whose_photos_are_still_being_stored_is_not_to_be_printed_yet(owner_client: Client) -> None:
    OrderFactory(paid=True)
    assert numbers(owner_client, "todo=print") == set()


def test_an_order_whose_money_went_back_before_production_is_looked_at_and_not_printed(owner_client: Client) -> None:
    refunded, part = stored(payment_state="refunded"), stored(payment_state="partly_refunded")
    stored(state="delivered", payment_state="refunded")
    assert numbers(owner_client, "todo=review") == {refunded.number}
    assert numbers(owner_client, "todo=print") == {part.number}
    assert "Payment to review" in owner_client.get(f"/admin/orders/order/{refunded.pk}/change/").content.decode()


def test_filters_narrow_by_state_payment_and_method(owner_client: Client) -> None:
    paid, pending = stored(method="pickup"), OrderFactory()
    assert numbers(owner_client, "state__exact=pending") == {pending.number}
    assert numbers(owner_client, "payment_state__exact=paid") == {paid.number}
    assert numbers(owner_client, "method__exact=pickup") == {paid.number}


def test_staff_see_orders_without_their_prices(staff_client: Client, owner_client: Client) -> None:
    """O6: staff see no prices unless permitted."""
    order = stored(items_cents=123456, shipping_cents=0, total_cents=123456, items=False)
    assert order.number in staff_client.get(LIST).content.decode()
    assert "1,234.56" not in staff_client.get(LIST).content.decode()
    assert "1,234.56" in owner_client.get(LIST).content.decode()


def test_an_outsider_is_sent_to_sign_in(outsider_client: Client, client: Client, db: None) -> None:
    order = stored()
    for visitor in (client, outsider_client):
        response = visitor.get(LIST)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")
        assert order.number not in response.content.decode()


def test_a_step_for_several_orders_moves_those_that_can_and_names_the_others(owner_client: Client) -> None:
    paid, shipped = stored(), stored(state="shipped", shipped_at=timezone.now())
    response = owner_client.post(
        LIST, {"action": "start_production", "_selected_action": [paid.pk, shipped.pk]}, follow=True
    )
    paid.refresh_from_db()
    shipped.refresh_from_db()
    assert (paid.state, shipped.state) == ("in_production", "shipped")
    page = response.content.decode()
    assert "Orders moved on: 1." in page
    assert f"Not possible for: {shipped.number}" in page
    assert shipped.events.count() == 0


@pytest.mark.parametrize(
    "query", ["state=%00", "state__exact=%00", "payment_state=%00", "created_at_from=%00", "q=%00"]
)
def test_a_forged_filter_is_refused_and_breaks_nothing(owner_client: Client, query: str) -> None:
    """S5: PostgreSQL takes no NUL."""
    answer = owner_client.get(f"{LIST}?{query}")
    assert answer.status_code == 400
    assert "400.html" in [template.name for template in answer.templates]
