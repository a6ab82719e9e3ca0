"""When it arrives, and what is lacking: working days in Portugal, free shipping, the smallest order (A5, P1)."""

import datetime

import pytest
from django.test import Client

from orders import arrival, basket, drafts, hints, links
from orders.models import ShopSettings
from orders.tests import visitors
from orders.tests.factories import OrderFactory

DAY = datetime.date.fromisoformat


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-16", 0, "2026-11-16"),
        ("2026-11-16", 3, "2026-11-19"),  # Monday to Thursday
        ("2026-11-20", 1, "2026-11-23"),  # over a weekend
        ("2026-11-21", 1, "2026-11-23"),  # from a Saturday
        ("2026-11-30", 1, "2026-12-02"),  # 1 December
        ("2026-12-07", 1, "2026-12-09"),  # 8 December
        ("2026-12-31", 1, "2027-01-04"),  # New Year and a weekend
        ("2026-04-02", 1, "2026-04-06"),  # Good Friday; Easter Monday is a working day
        ("2026-06-03", 1, "2026-06-05"),  # Corpus Christi
    ],
)
def test_weekends_and_national_holidays_are_no_working_days(start: str, days: int, end: str) -> None:
    assert arrival.working_day(DAY(start), days) == DAY(end)


def test_a_paid_order_says_when_it_is_expected_until_it_has_left(client: Client, db: None) -> None:
    order = OrderFactory(paid=True)
    order.paid_at = datetime.datetime(2026, 11, 20, 23, 30, tzinfo=datetime.UTC)
    order.save()
    ShopSettings.objects.update_or_create(pk=1, defaults={"delivery_days_min": 2, "delivery_days_max": 5})
    assert "Prevista entre 24 de novembro e 27 de novembro." in client.get(links.order_path(order)).content.decode()
    order.state = "shipped"
    order.save()
    assert "Prevista" not in client.get(links.order_path(order)).content.decode()
    assert arrival.of_order(OrderFactory(paid=True, method="pickup"), ShopSettings.load()) is None


def test_the_review_says_what_is_lacking_for_more(client: Client, db: None) -> None:
    draft = visitors.complete()
    ShopSettings.objects.update_or_create(pk=1, defaults={"free_shipping_from_cents": 490, "minimum_order_cents": 100})
    picked_up = hints.of_basket(basket.load(draft))
    assert picked_up == {"arrives": None, "free_shipping_left": 0, "minimum_left": 30}

    def posted(newest: drafts.Draft) -> None:
        newest.delivery = (newest.delivery or {}) | {"method": "post"}
        newest.address = (newest.address or {}) | {"zone": "mainland", "confirmed": True}

    session = client.session
    session[drafts.SESSION_KEY] = drafts.update(draft.id, posted).id
    session.save()
    shown = client.get("/review/").content.decode()
    assert "Faltam 4,20\u00a0€ para portes grátis." in shown
    assert "Faltam 0,30\u00a0€ para a encomenda mínima." in shown
    assert "Paga hoje, chega entre" in shown
    assert "envia-lhe a fatura por email" in shown
