"""The whole purchase in Chromium: on a phone and a desktop, in Portuguese and English, with and without JavaScript."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.browser.visits import GOOD_CARD, ON_PHONE_AND_DESKTOP, enter_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

LISBON = {
    "name": "Ana Sá",
    "email": "ana@example.com",
    "street": "Rua Augusta 100",
    "postal_code": "1100-053",
    "city": "Lisboa",
}


def upload(page: Page, files: list[Path]) -> None:
    """By the picker; without JavaScript by the form, and reloading until every photo has been looked at."""
    page.goto("/")
    page.set_input_files("#file", files)
    page.locator("form[data-drop] button:visible").click() if not scripted(page) else None
    ready = page.locator('[data-photo][data-state="ready"]')
    for _try in range(20):
        if scripted(page) or ready.count() == len(files):
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(ready).to_have_count(len(files))


def scripted(page: Page) -> bool:
    return page.locator("html.scripted").count() == 1


def fill_delivery(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"#id_{name}", value)
    page.locator("main form p.actions > button.button").last.click()


def pay(page: Page, card: str = GOOD_CARD) -> None:
    """At the stand-in's hosted page."""
    page.check("[name=accept_terms]")
    page.locator("form.pay button").click()
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    enter_card(page, card)


@ON_PHONE_AND_DESKTOP
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "noscript"])
def test_a_customer_orders_prints(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
    javascript: bool,
) -> None:
    """Upload, choose, deliver, review, pay, follow; each page keeps to its screen and to axe-core's rules (P1, P2, U6)."""
    page = shop_page(size, language, javascript=javascript)
    page.goto("/")
    looks_right(page, "1-empty")
    upload(page, photos)
    page.locator("[data-photo]").first.locator("[data-field=quantity]").fill("3")
    if javascript:
        expect(page.locator("[data-count]")).to_contain_text("7")
        expect(page.locator("[data-total-bar]")).not_to_have_class(re.compile("is-stale"))
    looks_right(page, "2-prints")
    page.locator("button[name=next]").click()
    page.wait_for_url("**/delivery/")
    fill_delivery(page, name="Ana Sá")
    expect(page.locator("#error-email")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Ana Sá")
    looks_right(page, "3-delivery-errors")
    fill_delivery(page, **LISBON)
    page.wait_for_url("**/review/")
    expect(page.locator(".print-list li")).to_have_count(5)
    expect(page.locator("main")).to_contain_text("Rua Augusta 100")
    looks_right(page, "4-review")
    pay(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    order = Order.objects.get()
    wait_until(lambda: Order.objects.get().state == Order.State.PAID, what="the order to be paid")
    page.reload()
    assert (order.prints, order.method, order.zone) == (7, "post", "mainland")
    assert order.number in page.url
    expect(page.locator(".timeline [aria-current=step]")).to_have_count(1)
    looks_right(page, "5-order")


def test_a_reload_finds_photos_and_choices_as_they_were(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    """U5: the state is the server's."""
    page = shop_page("desktop", "en")
    upload(page, photos[:2])
    second = page.locator(f'[data-photo][data-name="{photos[1].name}"]')
    second.locator("[data-field=product]").select_option("20x30")
    second.locator("[data-add-row]").click()
    expect(second.locator("[data-print]")).to_have_count(2)
    expect(page.locator("[data-count]")).to_have_text("3 prints")
    total = page.locator("[data-sum]").inner_text()
    page.reload()
    expect(second.locator("[data-field=product]").first).to_have_value("20x30")
    expect(second.locator("[data-print]")).to_have_count(2)
    expect(page.locator("[data-sum]")).to_have_text(total)


@pytest.mark.parametrize(
    ("size", "language", "javascript"),
    [("phone", "pt", True), ("desktop", "en", False)],
    ids=["phone-pt", "desktop-en-noscript"],
)
def test_one_choice_is_applied_to_all_photos(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
    javascript: bool,
) -> None:
    """Size, finish and quantity of every photo at once; afterwards one of them goes its own way."""
    page = shop_page(size, language, javascript=javascript)
    upload(page, photos[:3])
    place = page.locator("[data-for-all]")
    if place.get_attribute("open") is None:
        place.locator("summary").click()
    place.locator("[data-field=product]").select_option("13x18")
    place.locator("[data-field=finish]").select_option("glossy")
    place.locator("[data-field=quantity]").fill("4")
    place.locator("[name=apply]").click()
    cards = page.locator("[data-photo]")
    for number in range(3):
        expect(cards.nth(number).locator("[data-field=quantity]")).to_have_value("4")
    cards.nth(1).locator("[data-field=quantity]").fill("1")
    if javascript:
        expect(page.locator("[data-count]")).to_contain_text("9")
        page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    looks_right(page, "all")
    page.locator("button[name=next]").click()
    page.wait_for_url("**/delivery/")
    items = page.request.get("/api/v1/drafts/current/").json()["items"]
    assert [(row["product"], row["finish"], row["quantity"]) for row in items] == [
        ("13x18", "glossy", quantity) for quantity in (4, 1, 4)
    ]


def test_a_cut_connection_heals_by_itself(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    """U5: an upload whose connection breaks is tried again without a click."""
    page = shop_page()
    page.goto("/")
    broken: list[str] = []

    def cut(route: Any) -> None:
        if len(broken) < 2:
            broken.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/v1/drafts/current/photos/", cut)
    page.set_input_files("#file", photos[:1])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    assert len(broken) == 2


def test_what_the_paper_cuts_off_is_drawn_alike_with_and_without_javascript(
    shop_page: Callable[..., Page], photos: list[Path]
) -> None:
    """U8's near side: the script's geometry is the server's."""
    page = shop_page("desktop", "en")
    upload(page, photos[2:3])
    page.locator("[data-field=product]").nth(1).select_option("13x18")
    expect(page.locator("[data-count]")).to_have_text("1 print")
    cut, dpi = page.locator(".picture .cut"), page.locator("[data-dpi]").first
    drawn, sharp = cut.get_attribute("d"), dpi.inner_text()
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    assert drawn
    assert (cut.get_attribute("d"), dpi.inner_text()) == (drawn, sharp)


@pytest.mark.parametrize("path", ["/", "/legal/terms/", "/legal/privacy/", "/legal/withdrawal/", "/nowhere/"])
def test_pages_read_well_in_the_dark_and_on_the_narrowest_screen(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], path: str
) -> None:
    page = shop_page("narrow", "en", dark=True)
    page.goto(path)
    looks_right(page, "dark")


def test_the_footer_names_the_seller_on_every_page(shop_page: Callable[..., Page]) -> None:
    """P2: name, address, NIPC, email, phone, Livro de Reclamações, arbitration body."""
    page = shop_page("phone", "pt")
    page.goto("/legal/terms/")
    footer = page.locator("footer")
    for text in (
        "Margem Fotografia, Lda.",
        "Rua do Norte 12",
        "509442013",
        "ola@margem.example",
        "+351 210 000 000",
        "Centro de Arbitragem",
    ):
        expect(footer).to_contain_text(text)
    expect(footer.get_by_role("link", name="Livro de Reclamações")).to_have_attribute(
        "href", re.compile("livroreclamacoes.pt")
    )
