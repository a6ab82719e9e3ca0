"""When it arrives, and what is lacking: working days in Portugal, free shipping, the smallest order (A5, P1)."""

import datetime
import re

import pytest
from django.test import Client
from django.utils import timezone

from orders import arrival, basket, drafts, emails, hints, links
from orders.models import Order, OrderEvent, ShopSettings
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


@pytest.fixture(autouse=True)
def saturday(monkeypatch: pytest.MonkeyPatch) -> None:
    today(monkeypatch, "2026-11-21")


def today(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    noon = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00")
    monkeypatch.setattr(timezone, "now", lambda: noon)


def late_on_friday(**fields: object) -> Order:
    """Paid on Friday, 20 November, at half past eleven at night; posted in two to five working days."""
    ShopSettings.objects.update_or_create(pk=1, defaults={"delivery_days_min": 2, "delivery_days_max": 5})
    order: Order = OrderFactory(paid=True, **fields)
    order.paid_at = datetime.datetime(2026, 11, 20, 23, 30, tzinfo=datetime.UTC)
    order.save()
    return order


EXPECTED = "Entrega prevista entre 24 e 27 de novembro."


def page(client: Client, order: Order, state: str) -> str:
    Order.objects.filter(pk=order.pk).update(state=state)
    return client.get(links.order_path(order)).content.decode()


def test_a_paid_order_says_when_it_is_expected_until_it_is_there(client: Client, db: None) -> None:
    """Also while the carrier has it; with its tracking number beside."""
    order = late_on_friday()
    for state in ("paid", "in_production", "ready", "shipped"):
        assert EXPECTED in page(client, order, state)
    for state in ("delivered", "cancelled"):
        assert "prevista" not in page(client, order, state)


def test_a_day_that_is_over_is_not_promised_any_more(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    posted, fetched = late_on_friday(), late_on_friday(method="pickup")
    today(monkeypatch, "2026-11-27")
    assert EXPECTED in page(client, posted, "shipped")
    assert "Pronta para levantar até 27 de novembro." in page(client, fetched, "in_production")
    today(monkeypatch, "2026-11-28")
    assert "prevista" not in page(client, posted, "shipped")
    assert "Pronta para levantar até" not in page(client, fetched, "in_production")


def test_the_mails_say_when_it_is_expected(db: None) -> None:
    """Both parts, from the payment to the carrier; not with what is no news of the way, and not once it is ready."""
    posted, fetched = late_on_friday(), late_on_friday(method="pickup")
    in_english = {"en": "Expected between 24 and 27 November.", "pt": EXPECTED}
    for kind in ("confirmed", "in_production", "shipped"):
        for language, sentence in in_english.items():
            mail = emails.preview(posted, kind, language)
            assert (sentence in mail.html, sentence in mail.text) == (True, True)
        assert "prevista" not in emails.preview(fetched, kind, "pt").text
    for kind in ("confirmed", "in_production"):
        mail = emails.preview(fetched, kind, "pt")
        said = "Pronta para levantar até 27 de novembro."
        assert (said in mail.html, said in mail.text) == (True, True)
    for kind in ("refunded", "delivered", "cancelled"):
        assert "prevista" not in emails.preview(posted, kind, "pt").text


def test_no_day_is_promised_while_photos_are_missing_and_then_they_count(client: Client, db: None) -> None:
    """C49: the days count from the last photo that came again."""
    order = late_on_friday()
    waiting = page(client, order, "needs_photos")
    assert "outra vez" in waiting
    assert "prevista" not in waiting
    complete = datetime.datetime(2026, 11, 26, 12, 0, tzinfo=datetime.UTC)
    OrderEvent.objects.create(order=order, kind="photos_restored", to_state="paid", at=complete)
    complete_again = page(client, order, "paid")
    assert "Entrega prevista entre 30 de novembro e 4 de dezembro." in complete_again
    assert re.findall(r"<time [^>]*>([^<]+)</time>", complete_again) == ["20 de novembro, 23:30"]


def test_a_photo_that_is_replaced_moves_no_step(client: Client, db: None) -> None:
    order = late_on_friday()
    for hour, kind, before in ((9, "in_production", "paid"), (11, "photo_replaced", "in_production")):
        at = datetime.datetime(2026, 11, 21, hour, 0, tzinfo=datetime.UTC)
        OrderEvent.objects.create(order=order, kind=kind, from_state=before, to_state="in_production", at=at)
    shown = page(client, order, "in_production")
    assert re.findall(r"<time [^>]*>([^<]+)</time>", shown) == ["20 de novembro, 23:30", "21 de novembro, 09:00"]


def test_a_pickup_says_by_when_it_is_ready_until_it_is(client: Client, db: None) -> None:
    order = late_on_friday(method="pickup")
    for state in ("paid", "in_production"):
        shown = page(client, order, state)
        assert "Pronta para levantar até 27 de novembro." in shown
        assert "Entrega prevista" not in shown
    for state in ("needs_photos", "ready", "delivered"):
        assert "Pronta para levantar até" not in page(client, order, state)


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
    assert "Se pagar hoje, chega entre" in shown
    assert "envia-lhe a fatura por email" in shown
