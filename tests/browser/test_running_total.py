"""The sum in sight while prints are chosen: tiers, delivery and IVA, the smallest order and free delivery (C1, A5)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orders import drafts
from orders.models import ShopSettings
from orders.tests import visitors
from tests.browser.test_first_paint import SHIFTS
from tests.browser.test_purchase import upload
from tests.browser.visits import carry, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

MADEIRA = visitors.POST | {"street": "Rua de Santa Maria 10", "extra": "", "postal_code": "9000-411", "city": "Funchal"}


def asks_for(shop_page: Callable[..., Page], size: str, language: str, **more: bool) -> Page:
    """A page of a shop that takes no order under 1 € and sends from 15 € for nothing."""
    page = shop_page(size, language, **more)
    ShopSettings.objects.update(minimum_order_cents=100, free_shipping_from_cents=1500)
    return page


SAID = {
    "pt": {
        "tiers": "a partir de 50: 0,29\u00a0€ · 100: 0,25\u00a0€ · 300: 0,19\u00a0€",
        "with delivery": "com portes desde 3,90\u00a0€ · IVA incluído: 0,79\u00a0€",
        "too small": "Faltam 0,65\u00a0€ para a encomenda mínima.",
        "free delivery": "portes grátis · IVA incluído: 3,21\u00a0€",
        "not yet free": "Faltam 0,50\u00a0€ para portes grátis.",
        "sums": ["4,25\u00a0€", "17,15\u00a0€", "0,29\u00a0€", "14,50\u00a0€", "18,40\u00a0€"],
    },
    "en": {
        "tiers": "from 50: €0.29 · 100: €0.25 · 300: €0.19",
        "with delivery": "with delivery from €3.90 · VAT (IVA) included: €0.79",
        "too small": "€0.65 more for the smallest order that we take.",
        "free delivery": "free delivery · VAT (IVA) included: €3.21",
        "not yet free": "€0.50 more for free shipping.",
        "sums": ["€4.25", "€17.15", "€0.29", "€14.50", "€18.40"],
    },
}


@pytest.mark.parametrize(("size", "language"), [("phone", "pt"), ("narrow", "pt"), ("desktop", "en")])
def test_the_sum_follows_tiers_and_what_is_lacking_and_nothing_jumps(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
) -> None:
    page = asks_for(shop_page, size, language)
    said = SAID[language]
    one, many, unit, more, all_of_it = said["sums"]
    page.add_init_script(SHIFTS)
    upload(page, photos[:1])
    bar, row = page.locator("[data-total-bar]"), page.locator("[data-photo] [data-print]")
    expect(row.locator("[data-tiers]")).to_have_text(said["tiers"])
    expect(bar.locator("[data-sum]")).to_have_text(one)
    expect(bar.locator("[data-detail]")).to_have_text(said["with delivery"])
    expect(bar.locator("[data-hint]")).to_have_text(said["too small"])
    tall = bar.evaluate("node => node.offsetHeight")
    looks_right(page, "total")
    page.evaluate("window.shift = 0")
    quantity = row.locator("[data-field=quantity]")
    quantity.fill("49")
    expect(row.locator("[data-line]")).to_have_text(many)
    expect(bar.locator("[data-sum]")).to_have_text(many)
    expect(bar.locator("[data-detail]")).to_have_text(said["free delivery"])
    expect(bar.locator("[data-hint]")).to_have_text("")
    if size == "phone":
        row.get_by_role("button", name="Mais uma").tap()
    else:
        quantity.fill("50")
    expect(row.locator("[data-unit]")).to_have_text(f"50 × {unit}")
    expect(row.locator("[data-line]")).to_have_text(more)
    expect(bar.locator("[data-sum]")).to_have_text(all_of_it)
    expect(bar.locator("[data-hint]")).to_have_text(said["not yet free"])
    assert bar.evaluate("node => node.offsetHeight") == tall
    assert page.evaluate("window.shift") < 0.01
    figures = bar.locator("p.figures").inner_text()
    page.reload()
    assert bar.locator("p.figures").inner_text() == figures


@pytest.mark.parametrize(
    ("size", "language", "delivery", "detail", "count"),
    [
        ("phone", "pt", MADEIRA, "com portes de 6,90\u00a0€", "3 impressões"),
        ("desktop", "en", visitors.PICKUP, "free pickup", "3 prints"),
    ],
)
def test_once_it_is_known_where_it_goes_the_sum_says_what_that_costs(
    shop_page: Callable[..., Page],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
    delivery: dict[str, str],
    detail: str,
    count: str,
) -> None:
    page = shop_page(size, language)
    draft = prepared(wait_until, language=language, delivery=delivery)
    carry(page, draft)
    page.goto("/")
    expect(page.locator("[data-detail]")).to_contain_text(detail)
    page.locator("[data-field=quantity]").last.fill("3")
    expect(page.locator("[data-count]")).to_have_text(count)
    expect(page.locator("[data-detail]")).to_contain_text(detail)


def test_without_javascript_the_first_sum_is_that_of_the_prints_shown(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path]
) -> None:
    page = asks_for(shop_page, "phone", "en", javascript=False)
    upload(page, photos[:2])
    expect(page.locator("[data-sum]")).to_have_text("€4.60")
    expect(page.locator("[data-count]")).to_have_text("2 prints")
    expect(page.locator("[data-line]").first).to_have_text("€0.35")
    looks_right(page, "total")
    page.locator("[data-total-bar] [name=save]:visible").click()
    expect(page.locator("[data-sum]")).to_have_text("€4.60")
    draft = page.request.get("/api/v1/drafts/current/").json()
    assert len(draft["items"]) == 2
    kept = drafts.get(draft["id"])
    assert kept
    assert [item["quantity"] for item in kept.items] == [1, 1]
