"""What the pages weigh, how still they stand, how they print, and how they look when something went wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation
from playwright.sync_api import Page, expect

from orders import links
from orders.models import ShopSettings
from payments.models import PaymentLink
from tests.browser.orders import STATES, order_in
from tests.browser.test_purchase import upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

FIRST_VIEW_BYTES = 150_000
SHIFT = 0.05  # of the cumulative layout shift; 0.1 is what browsers call good
ERRORS = ["400", "403", "403_csrf", "404", "429", "500", "503"]


def error_page(code: str, language: str) -> str:
    """As a visitor gets it from a process that has read the shop settings."""
    with translation.override(language):
        return render_to_string(f"{code}.html", {"shop": ShopSettings.load()}, RequestFactory().get("/oops/"))


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize(("size", "language", "dark"), [("narrow", "pt", False), ("desktop", "en", True)])
def test_an_error_page_says_what_to_do(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    code: str,
    size: str,
    language: str,
    dark: bool,
) -> None:
    """On the narrowest screen and a wide one; each has a heading, a way on, and axe-core's approval."""
    page = shop_page(size, language, dark=dark)
    html = error_page(code, language)
    page.route("**/oops/", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    page.goto("/oops/")
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("main a.button").first).to_be_visible()
    looks_right(page, code)


def test_the_first_view_is_light_and_stands_still(shop_page: Callable[..., Page], live_shop: Any) -> None:
    """Everything that a new visitor's phone fetches for `/`, its headers included, and how far things jump meanwhile."""
    page = shop_page("phone", "pt")
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"]))  # fmt: skip
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto("/", wait_until="networkidle")
    assert len(sizes) >= 5
    assert sum(sizes) < FIRST_VIEW_BYTES
    assert page.evaluate("window.shift") < SHIFT


@pytest.mark.parametrize(("size", "dark"), [("narrow", True), ("tablet", False), ("wide", True)])
def test_the_prints_page_fits_every_screen(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    dark: bool,
) -> None:
    """320 px is also what a screen of 1280 shows at 400 % zoom, and 640 at 200 %."""
    page = shop_page(size, "pt", dark=dark)
    upload(page, photos[:3])
    looks_right(page, "prints")


@pytest.mark.parametrize("dark", [False, True])
def test_an_order_prints_dark_on_white(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], dark: bool
) -> None:
    """On paper there are no buttons, and the text is dark whatever the screen's colours are."""
    order = order_in("shipped", language="en")
    page = shop_page("desktop", "en", dark=dark)
    page.emulate_media(media="print")
    page.goto(links.order_path(order))
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".languages")).to_be_hidden()
    ink = page.locator("h1").evaluate("node => getComputedStyle(node).color")
    assert max(int(part) for part in ink.removeprefix("rgb(").removesuffix(")").split(",")) < 80
    looks_right(page, "printed")
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def test_an_order_reads_well_in_every_state(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None]
) -> None:
    """Each state that a customer can find an order in, with a long file name; by the studio's invoice sentence too."""
    orders = {name: order_in(name) for name in STATES}
    page = shop_page("phone", "pt")
    for name, order in orders.items():
        page.goto(links.order_path(order))
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("main")).to_contain_text("O estúdio envia-lhe a fatura por email.")
        looks_right(page, name)


def test_the_pages_beside_the_way_read_well(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None]
) -> None:
    """Payment links, an unknown payment, "cancel this order?"."""
    link = PaymentLink.objects.create(description="Álbum de casamento, 30 × 30 cm, 40 páginas", amount_cents=18_500)
    closed = PaymentLink.objects.create(description="Sessão", amount_cents=9_000, closed_at=timezone.now())
    cancelling = links.order_path(order_in("paid")).replace("/?", "/cancel/?")
    page = shop_page("desktop", "en")
    for name, path in {
        "link": f"/pay/{link.token}/",
        "link-closed": f"/pay/{closed.token}/",
        "unknown": "/checkout/return/?session_id=cs_test_nobody",
        "cancel": cancelling,
        "terms": "/legal/terms/",
    }.items():
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        looks_right(page, name)


def test_who_wants_no_motion_gets_none(shop_page: Callable[..., Page]) -> None:
    """The same button moves for those who did not ask."""
    page = shop_page("desktop", "en")
    page.goto("/")
    duration = "getComputedStyle(document.querySelector('.button')).transitionDuration"
    scrolling = "getComputedStyle(document.documentElement).scrollBehavior"
    still, rest = page.evaluate(duration), page.evaluate(scrolling)
    page.emulate_media(reduced_motion="no-preference")
    assert (still, rest) == ("0s", "auto")
    assert (page.evaluate(duration), page.evaluate(scrolling)) == ("0.15s, 0.15s", "smooth")
