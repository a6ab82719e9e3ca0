"""Pictures that the browser draws from the files themselves, and the server's larger ones (U8)."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_purchase import upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

WIDTH = """async (image) => {
  const picture = new Image();
  picture.src = image.getAttribute("href");
  await picture.decode();
  return picture.naturalWidth;
}"""


def test_the_editor_shows_the_servers_picture_which_has_more_pixels(
    shop_page: Callable[..., Page], photos: list[Path]
) -> None:
    """Once it has arrived: without a connection the small one stays, and the photo is never out of sight."""
    page = shop_page("desktop", "en")
    upload(page, photos[:1])
    small, large = re.compile("^blob:"), re.compile("^/api/v1/drafts/.+/preview/")
    expect(page.locator(".picture image")).to_have_attribute("href", small)
    page.context.set_offline(True)
    with page.expect_event("requestfailed", lambda request: "/preview/" in request.url):
        page.locator("[data-adjust]").first.click()
    shown = page.locator(".stage image")
    expect(shown).to_have_attribute("href", small)
    assert shown.evaluate(WIDTH) == 640
    page.keyboard.press("Escape")
    page.context.set_offline(False)
    page.locator("[data-adjust]").first.click()
    expect(shown).to_have_attribute("href", large)
    assert shown.evaluate(WIDTH) == 1200
