""" "Continue" while photos are not all there: it waits, looks so, and says in sight what for (U5)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.uploading import PHOTOS_URL, heavy, ids, kept, posts
from tests.browser.visits import ON_PHONE_AND_DESKTOP, in_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def held_back(page: Page, why: str) -> None:
    """A click stays on the page, and the reason is seen and announced."""
    button, line = page.locator("[data-next]"), page.locator("[data-why]")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_accessible_description(why)
    address = page.url
    button.click(force=True)  # as a finger does, which does not know the attribute
    expect(page.locator("[data-live]")).to_have_text(why)
    expect(line).to_have_text(why)
    expect(line).to_be_in_viewport(ratio=1)
    assert page.url == address


@ON_PHONE_AND_DESKTOP
def test_continue_waits_in_sight_until_the_photos_are_up(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
) -> None:
    page = shop_page(size, language)
    page.goto("/")
    held: list[Route] = []
    page.route(PHOTOS_URL, lambda route: held.append(route))
    page.set_input_files("#file", photos[:1])
    held_back(page, in_words(language, "Photos are still being uploaded."))
    looks_right(page, "waits")
    held[0].continue_()
    button = page.locator("[data-next]")
    expect(button).not_to_have_attribute("aria-disabled", "true")
    expect(button).to_have_accessible_description("")
    expect(page.locator("[data-why]")).to_be_hidden()
    button.click()
    page.wait_for_url("**/delivery/")


@pytest.mark.parametrize(("size", "language"), [("narrow", "pt"), ("desktop", "en")])
def test_continue_names_the_open_question_when_that_is_what_it_waits_for(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    tmp_path: Path,
    size: str,
    language: str,
) -> None:
    page = shop_page(size, language)
    page.goto("/")
    sent = posts(page)
    page.set_input_files("#file", heavy(tmp_path / "panorama.jpg", 3000, 800, 21_200_000))
    held_back(page, in_words(language, "Please say first whether we may send the large photos smaller."))
    expect(page.locator("[data-smaller]")).to_be_focused()
    looks_right(page, "asked")
    assert sent == []
    page.locator("[data-upload] [data-cancel]").click()
    expect(page.locator("[data-why]")).to_be_hidden()


LONGEST_WAIT = 38_000  # milliseconds, before the last try
TRIES = 7


def tries_used_up(page: Page, language: str, sent: list[str], failing: int, others: int = 0) -> None:
    """Takes the page's clock on, from each try of `failing` photos to the next, until there is none."""
    lost = page.locator(
        "[data-upload] [data-state-text]", has_text=in_words(language, "Connection lost, trying again …")
    )
    for tried in range(1, TRIES):
        expect(lost).to_have_count(failing)
        assert len(sent) == others + tried * failing
        with page.expect_request(PHOTOS_URL):
            page.clock.fast_forward(LONGEST_WAIT)
        for _moment in range(100):
            if len(sent) == others + (tried + 1) * failing:
                break
            page.wait_for_timeout(50)
    expect(page.locator("[data-retry]:visible")).to_have_count(failing)
    assert len(sent) == others + TRIES * failing


@ON_PHONE_AND_DESKTOP
def test_photos_whose_tries_are_used_up_hold_continue_until_tried_again_or_removed(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
) -> None:
    """Nothing is left out unseen: no "all are uploaded", and "Continue" leads to what can be done."""
    page = shop_page(size, language)
    page.clock.install()
    page.goto("/")
    sent = posts(page)
    page.set_input_files("#file", photos[:1])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    page.route(PHOTOS_URL, lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", [photos[1], photos[4]])
    tries_used_up(page, language, sent, failing=2, others=1)
    several = in_words(language, "%(n)s photos could not be uploaded: try again or remove them.")
    held_back(page, several % {"n": 2})
    expect(page.locator("[data-retry]:visible").first).to_be_focused()
    looks_right(page, "failed")
    page.locator("[data-upload]", has_text=photos[4].name).locator("[data-cancel]").click()
    held_back(page, in_words(language, "One photo could not be uploaded: try again or remove it."))
    page.unroute_all()
    page.get_by_role("button", name=in_words(language, "Try again")).click()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    expect(page.locator("[data-live]")).to_have_text(in_words(language, "All photos are uploaded."))
    expect(page.locator("[data-why]")).to_be_hidden()
    kept(page, [])
    assert ids(page) == [photos[0].name, photos[1].name]
    page.locator("[data-next]").click()
    page.wait_for_url("**/delivery/")
