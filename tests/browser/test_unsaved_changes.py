"""The last change of a print while it is not saved: said in sight, and kept when the page is left (U5)."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Dialog, Locator, Page, expect

from orders import drafts
from tests.browser.visits import ON_PHONE_AND_DESKTOP, carry, in_words, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

ITEMS = "**/api/v1/drafts/current/items/"
Opened = Callable[..., Page]
Wait = Callable[..., Any]
LATER = "Your last change is not saved yet. Check your connection; we keep trying."


def choosing(page: Page, wait_until: Wait, language: str) -> Locator:
    """Where the number of prints, two by now, is changed."""
    carry(page, prepared(wait_until, language=language))
    page.goto("/")
    quantity = page.locator("[data-photo] [data-field=quantity]")
    expect(quantity).to_have_value("2")
    return quantity


def kept(page: Page) -> list[int]:
    return [item["quantity"] for item in page.request.get("/api/v1/drafts/current/").json()["items"]]


@pytest.mark.parametrize(("size", "language"), [("narrow", "pt"), ("desktop", "en")])
def test_a_change_that_is_not_saved_says_so_until_it_is(
    shop_page: Opened, wait_until: Wait, size: str, language: str
) -> None:
    """In sight and aloud; tried again by itself; who leaves meanwhile is asked first."""
    page = shop_page(size, language)
    quantity = choosing(page, wait_until, language)
    line = page.get_by_role("alert")
    expect(line).to_have_count(0)
    page.route(ITEMS, lambda route: route.abort("connectionreset"))
    quantity.click()
    quantity.fill("3")
    expect(line).to_have_text(in_words(language, LATER), use_inner_text=True)
    assert kept(page) == [2]
    found = Axe().run(page, context="[data-not-saved]")
    assert found.violations_count == 0, found.generate_report()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.locator("a.studio").click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.unroute(ITEMS)
    expect(line).to_have_count(0)
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    assert kept(page) == [3]


@pytest.mark.parametrize(
    ("size", "language", "way"),
    [("phone", "pt", "reload"), ("phone", "pt", "language"), ("desktop", "en", "link"), ("desktop", "en", "close")],
)
def test_a_change_is_kept_when_the_page_is_left_at_once(
    shop_page: Opened, wait_until: Wait, size: str, language: str, way: str
) -> None:
    page = shop_page(size, language)
    quantity = choosing(page, wait_until, language)
    quantity.fill("7")
    if way == "reload":
        page.reload()
    elif way == "language":
        page.locator(".languages [value=en]").click()
    elif way == "link":
        page.locator("a.studio").click()
    else:
        page.close(run_before_unload=True)
        page = page.context.new_page()
        wait_until(lambda: kept(page) == [7], what="the change to arrive")
        return
    expect(page.locator("html")).to_have_attribute("lang", "pt-PT" if way == "reload" else "en")
    expect(quantity).to_have_value("7")
    wait_until(lambda: kept(page) == [7], what="the change to arrive")


def test_what_could_not_be_sent_is_saved_by_the_next_page(shop_page: Opened, wait_until: Wait) -> None:
    """Unless another tab has saved something else meanwhile: that is not undone."""
    page = shop_page("desktop", "en")
    quantity = choosing(page, wait_until, "en")
    unreachable(page)
    quantity.fill("5")
    expect(page.get_by_role("alert")).to_have_text(LATER, use_inner_text=True)
    assert kept(page) == [2]
    page.reload()
    expect(quantity).to_have_value("5")
    assert kept(page) == [5]
    unreachable(page)
    quantity.fill("6")
    expect(page.get_by_role("alert")).to_have_text(LATER, use_inner_text=True)
    other = page.context.new_page()
    other.goto("/")
    other.locator("[data-photo] [data-field=quantity]").fill("4")
    wait_until(lambda: kept(other) == [4], what="the other tab to save")
    page.reload()
    expect(quantity).to_have_value("4")
    page.wait_for_load_state("networkidle")
    assert kept(page) == [4]


def unreachable(page: Page) -> None:
    """What this page asks for does not arrive; the next page's does."""
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('no network')) }")


@ON_PHONE_AND_DESKTOP
def test_a_refused_number_is_marked_and_the_next_one_saved(
    shop_page: Opened, looks_right: Callable[[Page, str], None], wait_until: Wait, size: str, language: str
) -> None:
    page = shop_page(size, language)
    quantity = choosing(page, wait_until, language)
    before = quantity.get_attribute("aria-describedby")
    quantity.fill("0")
    line = page.get_by_role("alert")
    expect(line).to_contain_text(in_words(language, "Your last change is not saved. Please correct the marked prints."))
    expect(quantity).to_have_attribute("aria-invalid", "true")
    described = (quantity.get_attribute("aria-describedby") or "").split()[0]
    expect(page.locator(f"#{described}")).to_be_visible()
    assert kept(page) == [2]
    quantity.fill("8")
    expect(line).to_have_count(0)
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    expect(page.locator(f"#{described}")).to_be_hidden()
    assert (quantity.get_attribute("aria-invalid"), quantity.get_attribute("aria-describedby")) == (None, before)
    assert kept(page) == [8]
    looks_right(page, "saved")


@pytest.mark.parametrize(
    ("size", "language", "status", "code"), [("phone", "pt", 404, "not_found"), ("desktop", "en", 409, "draft_expired")]
)
def test_where_the_draft_has_expired_the_page_says_what_to_do(
    shop_page: Opened, wait_until: Wait, size: str, language: str, status: int, code: str
) -> None:
    page = shop_page(size, language)
    quantity = choosing(page, wait_until, language)
    if code == "not_found":
        page.context.clear_cookies(name="sessionid")
    else:
        expire(page)
    with page.expect_response(ITEMS) as answer:
        quantity.fill("3")
    assert answer.value.status == status
    assert answer.value.json()["errors"][0]["code"] == code
    line = page.get_by_role("alert")
    expired = "Your last change could not be saved."
    if code == "draft_expired":
        expired = "This order was not finished in time and its photos were deleted. Please start a new one."
    expect(line).to_contain_text(in_words(language, expired))
    line.get_by_role("link", name=in_words(language, "Load the page again")).click()
    expect(page.get_by_role("heading", level=1).first).to_have_text(in_words(language, "Your photos deserve paper."))


def expire(page: Page) -> None:
    """Its hours are over."""
    drafts.delete(page.request.get("/api/v1/drafts/current/").json()["id"])
