"""What Stripe is asked for, at its limits: C1, C4, C43."""

import datetime
from typing import Any

import pytest
from django.utils import timezone
from django_redis import get_redis_connection

from orders.models import Order
from orders.snapshots import Snapshot
from orders.tests.factories import OrderFactory, OrderItemFactory, OrderPhotoFactory
from payments import parameters

pytestmark = pytest.mark.django_db(transaction=True)


def of_kinds(count: int) -> Order:
    """An order of so many kinds of prints, one each at 35 cents, posted for 390."""
    order: Order = OrderFactory(items=False, items_cents=35 * count, total_cents=35 * count + 390, prints=count)
    photo = OrderPhotoFactory(order=order)
    for number in range(count):
        OrderItemFactory(photo=photo, order=order, quantity=1, product_name=f"{number} × 15 cm")
    return order


def asked(order: Order, **delivery: str) -> Any:
    """Its Session's parameters."""
    given: dict[str, object] = {"name": "Maria", "email": "maria@example.test", "street": "Rua Augusta 100"}
    given |= {"extra": "", "postal_code": "1100-053", "city": "Lisboa", "phone": "+351912345678", "nif": "", "note": ""}
    snapshot = Snapshot(order.number, order.draft_id, given | delivery, {1: "praia.jpg"}, ["p"])
    return parameters.session_params(order, snapshot, "pay_1", parameters.expires_at(), "trace")


def lines(order: Order) -> list[tuple[str, int, int]]:
    """Name, cents and quantity of each line."""
    return [
        (line["price_data"]["product_data"]["name"], line["price_data"]["unit_amount"], line["quantity"])
        for line in asked(order)["line_items"]
    ]


def test_up_to_a_hundred_lines_each_kind_of_print_has_its_own() -> None:
    """C1: Stripe takes a hundred, of which delivery is one."""
    found = lines(of_kinds(99))
    assert found[0] == ("0 × 15 cm, Mate", 35, 1)
    assert (len(found), found[-1]) == (100, ("Envio", 390, 1))


def test_more_kinds_of_prints_than_stripe_takes_lines_are_one_line_of_the_same_sum() -> None:
    """C1."""
    assert lines(of_kinds(100)) == [("100 impressões", 3500, 1), ("Envio", 390, 1)]


def test_what_stripe_was_asked_is_kept_longer_than_stripe_remembers_the_key() -> None:
    """C43: a day there, an hour more here."""
    parameters.remember("key", {"mode": "payment"})
    assert 24 * 3600 < get_redis_connection("default").ttl(parameters._key("key")) <= 25 * 3600


@pytest.mark.parametrize(("wanted", "seconds"), [(60, 1920), (7200, 7200), (86_400, 86_100), (10**6, 86_100)])
def test_a_session_ends_within_stripes_limits_with_time_to_ask_for_it(settings: Any, wanted: int, seconds: int) -> None:
    """C4: Stripe takes from half an hour to a day."""
    settings.CHECKOUT_EXPIRES_SECONDS = wanted
    ahead = parameters.expires_at() - timezone.now()
    assert datetime.timedelta(seconds=seconds - 2) < ahead <= datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize(("language", "locale"), [("pt", "pt"), ("en", "en")])
def test_stripes_page_speaks_the_customers_language(language: str, locale: str) -> None:
    assert asked(OrderFactory(language=language))["locale"] == locale


def test_who_collects_the_prints_travels_as_metadata_and_who_has_them_sent_as_an_address() -> None:
    """C3, C49: from either the order can be rebuilt where Redis was lost."""
    sent = asked(OrderFactory(), note="n" * 501)
    collected = asked(OrderFactory(method="pickup", shipping_cents=0, total_cents=70))
    assert sent["payment_intent_data"]["shipping"]["name"] == "Maria"
    assert (sent["metadata"].keys() & {"name", "phone"}, sent["metadata"]["note"]) == (set(), "n" * 500)
    assert "shipping" not in collected["payment_intent_data"]
    assert (collected["metadata"]["name"], collected["metadata"]["phone"]) == ("Maria", "+351912345678")
