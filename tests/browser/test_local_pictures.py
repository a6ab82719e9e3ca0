"""Pictures that the browser draws from the files themselves, and the server's larger ones (U8)."""

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from orders.print_files import PrintSpec
from orders.print_worker import make
from tests.browser.conftest import HELD
from tests.browser.cropping import edges_of, paper_shown, photo_with_edges

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

WIDTH = """async (image) => {
  const picture = new Image();
  picture.src = image.getAttribute("href");
  await picture.decode();
  return picture.naturalWidth;
}"""


def with_local_picture(page: Page, photo: Path) -> Image.Image:
    """A photo that goes up only once the browser has drawn it itself: the server may be quicker. The browser's picture."""
    held: list[Route] = []
    page.route("**/api/v1/drafts/current/photos/", lambda route: held.append(route))
    page.goto("/")
    with page.expect_request("**/api/v1/drafts/current/photos/"):
        page.set_input_files("#file", photo)
    local = page.locator("[data-local]")
    expect(local).to_be_visible()
    picture = pixels_of(local)
    held[0].continue_()
    page.unroute("**/api/v1/drafts/current/photos/")
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    return picture


def pixels_of(image: Locator) -> Image.Image:
    address: str = image.evaluate(PIXELS)
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


PIXELS = """async (image) => {
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL();
}"""
# How a camera that was held so stores an upright picture, by Exif's Orientation.
STORED = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


def held_sideways(path: Path, orientation: int) -> Path:
    """An upright photo of 800 × 1000 pixels as such a camera leaves it, with two edges to look for."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open(photo_with_edges(path, 800, 1000, 300, 500)) as upright:
        upright.transpose(STORED[orientation]).save(path, quality=95, subsampling=0, exif=exif.tobytes())
    return path


@pytest.mark.parametrize(("size", "language", "orientation"), [("phone", "pt", 6), ("desktop", "en", 8)])
def test_a_photo_that_the_camera_stored_turned_is_shown_upright_at_once(
    shop_page: Callable[..., Page], tmp_path: Path, size: str, language: str, orientation: int
) -> None:
    """U1, U8: by the browser itself, before the server has seen it, and then in the grid as it will be printed."""
    page = shop_page(size, language)
    file = held_sideways(tmp_path / "turned.jpg", orientation)
    local = with_local_picture(page, file)
    assert local.size == (640, 800)
    assert edges_of(local) == pytest.approx((300 / 800, 500 / 1000), abs=1 / 640)
    photo = page.locator("[data-photo]")
    expect(photo).to_have_attribute("data-width", "800")
    expect(photo.locator(".picture image")).to_have_attribute("href", re.compile("^blob:"))
    page.locator("[data-total-bar]").evaluate("bar => { bar.style.position = 'static' }")
    scale = HELD["device_scale_factor"] if size == "phone" else 1
    shown, _edge = paper_shown(page, scale, ".photo .picture", ".picture .edge")
    printed = make(file.read_bytes(), 800, 1000, [PrintSpec(100, 150)])[1]
    paper = edges_of(Image.open(io.BytesIO(printed)))
    assert edges_of(shown) == pytest.approx(paper, abs=1 / 640 + 0.5 / min(shown.size))


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
