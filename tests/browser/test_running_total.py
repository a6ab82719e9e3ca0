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


@pytest.mark.parametrize("size", ["phone", "narrow", "desktop"])
def test_the_sum_follows_tiers_and_what_is_lacking_and_nothing_jumps(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path], size: str
) -> None:
    page = asks_for(shop_page, size, "pt")
    page.add_init_script(SHIFTS)
    upload(page, photos[:1])
    bar, row = page.locator("[data-total-bar]"), page.locator("[data-photo] [data-print]")
    expect(row.locator("[data-tiers]")).to_have_text(
        "a partir de 50: 0,29\u00a0€ · 100: 0,25\u00a0€ · 300: 0,19\u00a0€"
    )
    expect(bar.locator("[data-sum]")).to_have_text("4,25\u00a0€")
    expect(bar.locator("[data-detail]")).to_have_text("com portes desde 3,90\u00a0€ · IVA incluído: 0,79\u00a0€")
    expect(bar.locator("[data-hint]")).to_have_text("Faltam 0,65\u00a0€ para a encomenda mínima.")
    tall = bar.evaluate("node => node.offsetHeight")
    looks_right(page, "total")
    page.evaluate("window.shift = 0")
    quantity = row.locator("[data-field=quantity]")
    quantity.fill("49")
    expect(row.locator("[data-line]")).to_have_text("17,15\u00a0€")
    expect(bar.locator("[data-sum]")).to_have_text("17,15\u00a0€")
    expect(bar.locator("[data-detail]")).to_have_text("portes grátis · IVA incluído: 3,21\u00a0€")
    expect(bar.locator("[data-hint]")).to_have_text("")
    quantity.fill("50")
    expect(row.locator("[data-unit]")).to_have_text("50 × 0,29\u00a0€")
    expect(row.locator("[data-line]")).to_have_text("14,50\u00a0€")
    expect(bar.locator("[data-sum]")).to_have_text("18,40\u00a0€")
    expect(bar.locator("[data-hint]")).to_have_text("Faltam 0,50\u00a0€ para portes grátis.")
    assert bar.evaluate("node => node.offsetHeight") == tall
    assert page.evaluate("window.shift") < 0.01
    said = bar.locator("p.figures").inner_text()
    page.reload()
    assert bar.locator("p.figures").inner_text() == said


@pytest.mark.parametrize(("delivery", "detail"), [(MADEIRA, "com portes de 6,90\u00a0€"), (visitors.PICKUP, "levantamento grátis")])  # fmt: skip
def test_once_it_is_known_where_it_goes_the_sum_says_what_that_costs(
    shop_page: Callable[..., Page], wait_until: Callable[..., Any], delivery: dict[str, str], detail: str
) -> None:
    page = shop_page("phone", "pt")
    draft = prepared(wait_until, delivery=delivery)
    carry(page, draft)
    page.goto("/")
    expect(page.locator("[data-detail]")).to_contain_text(detail)
    page.locator("[data-field=quantity]").last.fill("3")
    expect(page.locator("[data-count]")).to_have_text("3 impressões")
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
