"""Pictures that the browser draws from the files themselves, and the server's larger ones (U8)."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

WIDTH = """async (image) => {
  const picture = new Image();
  picture.src = image.getAttribute("href");
  await picture.decode();
  return picture.naturalWidth;
}"""


def with_local_picture(page: Page, photo: Path) -> None:
    """A photo that goes up only once the browser has drawn it itself: the server may be quicker."""
    held: list[Route] = []
    page.route("**/api/v1/drafts/current/photos/", lambda route: held.append(route))
    page.goto("/")
    with page.expect_request("**/api/v1/drafts/current/photos/"):
        page.set_input_files("#file", photo)
    expect(page.locator("[data-local]")).to_be_visible()
    held[0].continue_()
    page.unroute("**/api/v1/drafts/current/photos/")
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)


def test_the_editor_shows_the_servers_picture_which_has_more_pixels(
    shop_page: Callable[..., Page], photos: list[Path]
) -> None:
    """Once it has arrived: without a connection the small one stays, and the photo is never out of sight."""
    page = shop_page("desktop", "en")
    with_local_picture(page, photos[0])
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
