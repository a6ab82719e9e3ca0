"""Uploads that go on: after the network was away, a reload, a closed tab (U5)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_purchase import upload
from tests.browser.uploading import KEPT, PHOTOS_URL, file_of, ids, kept, posts
from tests.browser.visits import ON_PHONE_AND_DESKTOP, in_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@ON_PHONE_AND_DESKTOP
def test_uploads_wait_while_offline_and_go_on_by_themselves(
    shop_page: Callable[..., Page], photos: list[Path], size: str, language: str
) -> None:
    """U5: nothing is lost, and no try is used up, while there is no network."""
    page = shop_page(size, language)
    page.goto("/")
    page.context.set_offline(True)
    page.set_input_files("#file", photos[:2])
    offline = in_words(language, "You are offline. The upload goes on by itself when you are back.")
    expect(page.locator("[data-upload-line]")).to_have_text(offline)
    page.wait_for_timeout(1500)
    expect(page.locator("[data-upload]")).to_have_count(2)
    page.context.set_offline(False)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)


def test_after_a_reload_in_mid_upload_the_rest_goes_up_by_itself(
    shop_page: Callable[..., Page], photos: list[Path]
) -> None:
    """U5: each photo once, in its place; what the customer took away does not come back."""
    page = shop_page("phone", "pt")
    page.goto("/")
    names = [path.name for path in photos[:4]]
    on: list[bool] = []
    page.route(PHOTOS_URL, lambda route: route.continue_() if on or "Serra" in file_of(route) else None)
    page.set_input_files("#file", photos[1:3] + photos[:1] + photos[3:4])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    kept(page, [names[1], names[2], names[3]])
    page.locator("[data-upload]", has_text=names[3]).locator("[data-cancel]").click()
    kept(page, [names[1], names[2]])
    sent = posts(page)
    on.append(True)
    page.reload()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(3)
    expect(page.locator("[data-unsent]")).to_be_hidden()
    expect(page.locator("[data-twice]")).to_be_hidden()
    assert len(sent) == 2
    kept(page, [])
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    page.wait_for_timeout(1000)
    shown = page.locator("[data-photo]").evaluate_all("cards => cards.map(card => card.dataset.name)")
    assert shown == ids(page) == [names[1], names[2], names[0]]
    assert len(sent) == 2


def test_photos_of_a_tab_that_was_closed_go_up_in_the_next_and_not_after_a_day(
    shop_page: Callable[..., Page], photos: list[Path]
) -> None:
    """U5: while the first page lives, only that one sends them."""
    page = shop_page("desktop", "en")
    page.goto("/")
    page.context.route(PHOTOS_URL, lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", photos[:1])
    kept(page, [photos[0].name])
    other = page.context.new_page()
    other.goto("/")
    other.wait_for_timeout(1500)
    expect(other.locator("[data-upload], [data-photo]")).to_have_count(0)
    lost = page.locator("[data-state-text]", has_text="Connection lost")
    expect(lost).to_have_count(1)  # no try is under way, which the page's end might let through
    page.close()
    expect(other.locator("[data-upload]")).to_have_count(1)
    kept(other, [photos[0].name])
    other.wait_for_timeout(1000)
    other.evaluate(KEPT, {"at": 0, "owner": "a page long gone"})
    third = other.context.new_page()
    third.goto("/")
    kept(third, [])
    expect(third.locator("[data-upload], [data-photo]")).to_have_count(0)
    assert ids(third) == []


@ON_PHONE_AND_DESKTOP
def test_where_the_browser_keeps_no_files_those_that_were_not_uploaded_are_named(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
) -> None:
    """U5: what arrived is there, what did not is named until it is chosen again."""
    page = shop_page(size, language)
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    upload(page, photos[:1])
    page.route(PHOTOS_URL, lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", photos[1:3])
    expect(page.locator("[data-upload]")).to_have_count(2)
    page.reload()
    expect(page.locator("[data-photo]")).to_have_count(1)
    notice = page.locator("[data-unsent]")
    expect(notice).to_contain_text(in_words(language, "These photos were not uploaded. Please choose them again:"))
    expect(notice).to_contain_text(f"{photos[1].name}, {photos[2].name}")
    looks_right(page, "named")
    page.unroute_all()
    page.set_input_files("#file", photos[1:3])
    expect(notice).to_be_hidden()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(3)
    page.reload()
    expect(notice).to_be_hidden()
