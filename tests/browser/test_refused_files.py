"""Files that cannot be taken: each named at the top of the page, in sight with any number of photos; the others go on (U2)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_purchase import upload
from tests.browser.uploading import ids, posts
from tests.browser.visits import ON_PHONE_AND_DESKTOP, in_words
from uploads.tests.test_check_photo import spoilt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

TOO_LARGE = "This file is larger than %(max_file_mb)s MB. Choose a smaller version."
TOO_MANY = "At most %(max_photos)s photos fit in one order."
NO_PICTURE = "“%(name)s” is not a picture. Please upload JPEG, PNG, WebP, HEIC or TIFF."


@ON_PHONE_AND_DESKTOP
def test_what_cannot_be_taken_is_refused_by_name_before_anything_is_sent(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path, size: str, language: str
) -> None:
    """Empty, too large, one too many: the shop's limit of photos is the page's, and here it is brought down to one."""
    page = shop_page(size, language)
    upload(page, photos[4:5])
    sent = posts(page)
    lines: list[str] = []
    for name, length, limits, why in (
        ("empty.jpg", 0, {}, in_words(language, "This file is empty. Choose it again, or another one.")),
        ("large.tif", 100 * 2**20 + 1, {}, in_words(language, TOO_LARGE) % {"max_file_mb": 100}),
        ("one more.jpg", 9, {"maxPhotos": "1"}, in_words(language, TOO_MANY) % {"max_photos": 200}),
    ):
        page.locator("[data-home]").evaluate("(home, limits) => Object.assign(home.dataset, limits)", limits)
        file = tmp_path / name
        with file.open("wb") as out:
            out.truncate(length)
        page.set_input_files("#file", file)
        lines.append(f"{name} {why}")
        expect(page.locator("[data-refused] li")).to_have_text(lines)
        said = in_words(language, "%(name)s was refused: %(why)s") % {"name": name, "why": why}
        expect(page.locator("[data-live]")).to_have_text(said)
    expect(page.locator("[data-upload]")).to_have_count(0)
    assert sent == []
    assert ids(page) == [photos[4].name]


@ON_PHONE_AND_DESKTOP
def test_what_the_server_refuses_is_named_at_the_top_until_it_is_removed(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    tmp_path: Path,
    size: str,
    language: str,
) -> None:
    """At once, or when a photo turns out to be broken. It is not said that all have been uploaded."""
    page = shop_page(size, language)
    upload(page, photos[4:5])
    text, broken = tmp_path / "shopping list.jpg", tmp_path / "broken.png"
    text.write_text("eggs, milk, and nothing that could be printed")
    broken.write_bytes(spoilt("PNG"))
    page.set_input_files("#file", [text])
    why = in_words(language, NO_PICTURE) % {"name": "shopping list.jpg"}
    lines = page.locator("[data-refused] li")
    expect(lines).to_have_text([why])
    expect(page.locator(".is-refused [data-problem]")).to_have_text(why)
    page.wait_for_timeout(300)  # longer than an upload's end takes to be announced
    expect(page.locator("[data-live]")).to_have_text(why)
    page.set_input_files("#file", [broken, photos[2]])
    expect(lines).to_have_count(2)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    damaged = in_words(language, "This file is damaged or incomplete. Please upload it again or choose another.")
    expect(lines.nth(1)).to_have_text(f"broken.png {damaged}")
    for card in (".is-refused", ".is-broken"):
        expect(page.locator(f"{card} .picture")).to_be_hidden()  # nothing follows
    looks_right(page, "named")
    page.locator("[data-upload] [data-cancel]").click()
    expect(lines).to_have_count(1)
    page.locator(".is-broken [data-remove-photo]").click()
    expect(lines).to_have_count(0)
    assert ids(page) == [photos[4].name, photos[2].name]


@ON_PHONE_AND_DESKTOP
def test_a_photo_that_cannot_be_removed_while_offline_stays_and_says_so(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
) -> None:
    """Nothing goes on trying unseen: the next press removes it."""
    page = shop_page(size, language)
    upload(page, photos[4:5])
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.context.set_offline(True)
    page.locator("[data-remove-photo]").click()
    why = in_words(language, "This photo could not be removed. Please try again when you are online.")
    expect(page.locator("[data-photo] [data-problem]")).to_have_text(why)
    expect(page.locator("[data-photo] [data-problem]")).to_be_visible()
    expect(page.locator("[data-live]")).to_have_text(f"{photos[4].name}: {why}")
    page.context.set_offline(False)
    looks_right(page, "stays")
    assert ids(page) == [photos[4].name]
    page.locator("[data-remove-photo]").click()
    expect(page.locator("[data-photo]")).to_have_count(0)
    assert ids(page) == []
