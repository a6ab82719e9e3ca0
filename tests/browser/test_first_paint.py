"""What a slow network paints first: the page as it will be, without a jump when its scripts arrive."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.visits import ON_PHONE_AND_DESKTOP, carry, in_words, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

SHIFT = 0.01  # of the cumulative layout shift; 0.1 is what browsers call good
SHIFTS = """window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""


class HeldBack:
    """Every script but the one that the head waits for stays on its way until `release`."""

    def __init__(self, page: Page) -> None:
        self.routes: list[Route] = []
        self.released = False
        page.route("**/*", self._hold)

    def _hold(self, route: Route) -> None:
        if self.released or route.request.resource_type != "script" or "/scripted" in route.request.url:
            route.continue_()
        else:
            self.routes.append(route)

    def release(self) -> None:
        self.released = True
        for route in self.routes:
            route.continue_()


@pytest.mark.parametrize(
    ("path", "size", "language"),
    [("/", "phone", "pt"), ("/", "desktop", "en"), ("/?photos", "phone", "pt"), ("/review/", "phone", "pt")],
)
def test_nothing_jumps_when_the_scripts_arrive(
    shop_page: Callable[..., Page], wait_until: Callable[..., Any], path: str, size: str, language: str
) -> None:
    page = shop_page(size, language)
    if path != "/":
        carry(page, prepared(wait_until))
    page.add_init_script(SHIFTS)
    held = HeldBack(page)
    page.goto(path, wait_until="commit")
    expect(page.locator("footer")).to_be_visible()
    page.wait_for_timeout(500)
    assert held.routes
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint').length") == 1
    held.release()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    assert page.evaluate("window.shift") < SHIFT


def test_a_photo_picked_before_the_scripts_arrive_goes_up(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    page = shop_page("phone", "en")
    held = HeldBack(page)
    page.goto("/", wait_until="commit")
    button = page.locator("label.button[for=file]")
    expect(button).to_be_visible()
    expect(page.locator("form[data-drop] button[type=submit]")).to_be_hidden()
    page.set_input_files("#file", photos[:1])
    held.release()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)


@ON_PHONE_AND_DESKTOP
def test_the_button_that_begins_everything_is_a_button(
    shop_page: Callable[..., Page], size: str, language: str
) -> None:
    """As tall as every other, and clear of the dashed line around it."""
    page = shop_page(size, language)
    page.goto("/")
    button, drop = page.locator("label.button[for=file]"), page.locator("[data-drop]")
    expect(button).to_be_visible()
    assert button.evaluate("node => getComputedStyle(node).display") == "inline-flex"
    box, around = button.bounding_box(), drop.bounding_box()
    assert box
    assert around
    assert box["height"] >= 48
    assert box["y"] - around["y"] > 16


@ON_PHONE_AND_DESKTOP
def test_a_phone_is_told_of_choosing_and_a_mouse_of_dropping(
    shop_page: Callable[..., Page], size: str, language: str
) -> None:
    """A phone is offered its camera, a desktop a whole folder."""
    page = shop_page(size, language)
    page.goto("/")
    fingers, mouse = page.locator(".formats .by-finger"), page.locator(".formats .by-mouse")
    if size == "phone":
        shown, hidden, told, offered, other = fingers, mouse, "You can choose several at once.", "camera", "folder"
    else:
        shown, hidden, told, offered, other = mouse, fingers, "Or drop or paste them here.", "folder", "camera"
    expect(shown).to_have_text(in_words(language, told))
    expect(shown).to_be_visible()
    expect(hidden).to_be_hidden()
    expect(page.locator(f"[data-opens={offered}]")).to_be_visible()
    expect(page.locator(f"[data-opens={other}]")).to_be_hidden()


def test_what_is_said_of_a_cancelled_payment_stands_clear_of_what_follows(
    shop_page: Callable[..., Page], wait_until: Callable[..., Any]
) -> None:
    page = shop_page("phone", "pt")
    carry(page, prepared(wait_until))
    page.goto("/review/?cancelled=1")
    notice, card = page.locator(".notice.warn").bounding_box(), page.locator(".panel").first.bounding_box()
    assert notice
    assert card
    assert card["y"] - notice["y"] - notice["height"] >= 16
    page.goto("/delivery/")
    expect(page.locator("#hint-postal_code")).to_have_text("Por exemplo: 1100-053")
