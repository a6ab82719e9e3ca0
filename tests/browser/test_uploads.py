"""Uploads that survive phones: the network away, a reload, the same photo twice, many and large ones (U4, U5)."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.photos import landscape
from tests.browser.test_purchase import upload
from uploads.tests.test_check_photo import spoilt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

PHOTOS_URL = "**/api/v1/drafts/current/photos/"


def posts(page: Page) -> list[str]:
    """The names of files sent from now on, as they are sent."""
    sent: list[str] = []
    page.on(
        "request",
        lambda request: (
            sent.append(request.headers["x-filename"])
            if request.method == "POST" and request.url.endswith("/photos/")
            else None
        ),
    )
    return sent


def heavy(path: Path, width: int, height: int, weight: int) -> Path:
    """A JPEG made `weight` bytes long by application segments, which decoders skip."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG") if width > 5000 else landscape(width, height, 7).save(
        out, "JPEG"
    )
    path.write_bytes(padded(out.getvalue(), weight))
    return path


def padded(jpeg: bytes, weight: int) -> bytes:
    padding = bytearray()
    while len(jpeg) + len(padding) < weight:
        padding += b"\xff\xef" + (60_002).to_bytes(2, "big") + os.urandom(60_000)
    return jpeg[:2] + padding + jpeg[2:]


def test_the_same_photo_again_is_recognised_before_it_is_sent(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path], tmp_path: Path
) -> None:
    """U4: by its bytes, under any name, in one pick and after a reload; the customer is told, nothing is sent twice."""
    page = shop_page("phone", "en")
    copy = tmp_path / "copy of the mountains.jpg"
    copy.write_bytes(photos[0].read_bytes())
    page.goto("/")
    sent = posts(page)
    page.set_input_files("#file", [photos[0], copy])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    expect(page.locator("[data-twice]")).to_contain_text(copy.name)
    page.reload()
    page.set_input_files("#file", [copy, photos[1]])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    expect(page.locator("[data-twice]")).to_contain_text(copy.name)
    assert len(sent) == 2
    looks_right(page, "twice")


def test_uploads_wait_while_offline_and_go_on_by_themselves(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    """U5: nothing is lost, and no try is used up, while there is no network."""
    page = shop_page("phone", "en")
    page.goto("/")
    page.context.set_offline(True)
    page.set_input_files("#file", photos[:2])
    expect(page.locator("[data-upload-line]")).to_contain_text("You are offline")
    page.wait_for_timeout(1500)
    expect(page.locator("[data-upload]")).to_have_count(2)
    page.context.set_offline(False)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)


KEPT = """(change) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("photos-waiting", 1);
  opening.onerror = reject;
  opening.onsuccess = () => {
    const store = opening.result.transaction("files", "readwrite").objectStore("files");
    store.getAll().onsuccess = ({ target }) => {
      for (const record of target.result) if (change) store.put({ ...record, ...change });
      opening.result.close();
      resolve(target.result.map(({ name }) => name));
    };
  };
})"""


def kept(page: Page, names: list[str]) -> None:
    """Waits until the browser's own database holds the files of these names."""
    for _try in range(100):
        if sorted(page.evaluate(KEPT)) == sorted(names):
            return
        page.wait_for_timeout(200)
    assert sorted(page.evaluate(KEPT)) == sorted(names)


def ids(page: Page) -> list[str]:
    return [photo["filename"] for photo in page.request.get("/api/v1/drafts/current/").json()["photos"]]


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


def file_of(route: Any) -> str:
    return str(route.request.headers["x-filename"])


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


def test_where_the_browser_keeps_no_files_those_that_were_not_uploaded_are_named(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path]
) -> None:
    """U5: what arrived is there, what did not is named until it is chosen again."""
    page = shop_page("phone", "pt")
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    upload(page, photos[:1])
    page.route(PHOTOS_URL, lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", photos[1:3])
    expect(page.locator("[data-upload]")).to_have_count(2)
    page.reload()
    expect(page.locator("[data-photo]")).to_have_count(1)
    notice = page.locator("[data-unsent]")
    expect(notice).to_contain_text(f"{photos[1].name}, {photos[2].name}")
    looks_right(page, "named")
    page.unroute_all()
    page.set_input_files("#file", photos[1:3])
    expect(notice).to_be_hidden()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(3)
    page.reload()
    expect(notice).to_be_hidden()


def test_photos_stay_in_the_order_in_which_they_were_picked(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    """U5: also when the first one arrives last."""
    page = shop_page("desktop", "en")
    page.goto("/")
    held: list[Any] = []

    def late(route: Any) -> None:
        if not held:
            held.append(route)
        else:
            route.continue_()

    page.route(PHOTOS_URL, late)
    picked = [photos[0], photos[1], photos[4]]
    page.set_input_files("#file", picked)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    held[0].continue_()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(3)
    names = [path.name for path in picked]
    shown = "cards => cards.map(card => card.dataset.name)"
    assert page.locator("[data-photo]").evaluate_all(shown) == names
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    assert page.locator("[data-photo]").evaluate_all(shown) == names


def test_a_large_photo_is_made_smaller_only_if_the_customer_agrees(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], tmp_path: Path
) -> None:
    page = shop_page("phone", "en")
    page.goto("/")
    sent = posts(page)
    page.set_input_files("#file", heavy(tmp_path / "panorama.jpg", 6600, 800, 21_200_000))
    expect(page.locator("[data-big]")).to_contain_text("panorama.jpg (21.2 MB)")
    looks_right(page, "asked")
    assert sent == []
    page.locator("[data-smaller]").click()
    photo = page.locator('[data-photo][data-state="ready"]')
    expect(photo).to_have_attribute("data-width", "6000")
    assert int(photo.get_attribute("data-bytes") or 0) < 1_000_000
    page.set_input_files("#file", heavy(tmp_path / "whole.jpg", 6400, 800, 21_200_000))
    page.locator("[data-whole]").click()
    expect(photo).to_have_count(2)
    expect(photo.nth(1)).to_have_attribute("data-width", "6400")


def test_the_same_photo_again_is_recognised_by_the_server_too(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path
) -> None:
    """U4: a browser that cannot work out checksums sends it; it is stored and shown once, and the customer is told."""
    page = shop_page("phone", "pt")
    copy = tmp_path / "cópia da serra.jpg"
    copy.write_bytes(photos[0].read_bytes())
    page.route("**/worker*.js", lambda route: route.abort())
    page.goto("/")
    sent = posts(page)
    page.set_input_files("#file", photos[0])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    page.set_input_files("#file", copy)
    expect(page.locator("[data-twice]")).to_contain_text(copy.name)
    assert len(sent) == 2
    expect(page.locator("[data-photo]")).to_have_count(1)
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    expect(page.locator("[data-photo]")).to_have_count(1)
    assert len(page.request.get("/api/v1/drafts/current/").json()["photos"]) == 1


def test_three_photos_go_up_at_a_time_picked_by_keyboard(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path]
) -> None:
    """The others wait; each shows how far it is, and all together do."""
    page = shop_page("desktop", "en")
    page.goto("/")
    held: list[Any] = []
    released: list[bool] = []
    page.route(PHOTOS_URL, lambda route: route.continue_() if released else held.append(route))
    with page.expect_file_chooser() as chooser:
        page.locator("#file").press("Enter")
    chooser.value.set_files(photos)
    expect(page.locator("[data-upload] [data-state-text]", has_text="Uploading")).to_have_count(3)
    expect(page.locator("[data-upload] [data-state-text]", has_text="Waiting")).to_have_count(2)
    expect(page.locator("[data-upload] progress[aria-label]")).to_have_count(5)
    expect(page.locator("[data-upload-line]")).to_have_text("0 of 5 photos uploaded")
    page.wait_for_timeout(500)
    assert len(held) == 3
    all_of_them = page.locator("[data-upload-progress]")
    assert all_of_them.evaluate("bar => bar.value") == 0
    looks_right(page, "going-up")
    first = held.pop(0)
    first.continue_()
    expect(page.locator("[data-upload-line]")).to_have_text("1 of 5 photos uploaded")
    sizes = {path.name: path.stat().st_size for path in photos}
    share = sizes[unquote(file_of(first))] / sum(sizes.values())
    assert all_of_them.evaluate("bar => bar.value") == pytest.approx(share, abs=1e-6)
    released.append(True)
    for route in held:
        route.continue_()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(5)
    expect(page.locator("[data-live]")).to_have_text("All photos are uploaded.")


HANDED_OVER = """async (name) => {
  const canvas = new OffscreenCanvas(900, 600);
  canvas.getContext("2d").fillRect(0, 0, 900, 600);
  const data = new DataTransfer();
  data.items.add(new File([await canvas.convertToBlob({ type: "image/png" })], name, { type: "image/png" }));
  const send = (type) => document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  if (name.startsWith("pasted")) {
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
    return null;
  }
  send("dragenter");
  const over = document.querySelector("[data-drop]").classList.contains("is-over");
  return [over, !send("dragover"), !send("drop")];
}"""


@pytest.mark.parametrize("language", ["pt", "en"])
def test_a_phone_takes_photos_with_its_camera(
    shop_page: Callable[..., Page], photos: list[Path], language: str
) -> None:
    page = shop_page("phone", language)
    page.goto("/")
    camera = page.locator("[data-pick=camera]")
    expect(camera).to_have_attribute("capture", "environment")
    button = page.get_by_role("button", name="Tirar uma fotografia" if language == "pt" else "Take a photo")
    with page.expect_file_chooser() as chooser:
        button.tap()
    chooser.value.set_files(photos[0])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)


@pytest.mark.parametrize(("size", "language"), [("desktop", "pt"), ("desktop", "en"), ("phone", "pt")])
def test_photos_are_dropped(shop_page: Callable[..., Page], size: str, language: str) -> None:
    """The place shows that it takes them; the browser does not open the file instead (a tablet can drop too)."""
    page = shop_page(size, language)
    page.goto("/")
    assert page.evaluate(HANDED_OVER, "dropped.png") == [True, True, True]
    expect(page.locator('[data-photo][data-name="dropped.png"][data-state="ready"]')).to_have_count(1)
    expect(page.locator("[data-drop]")).not_to_have_class(re.compile("is-over"))


@pytest.mark.parametrize("language", ["pt", "en"])
def test_photos_are_taken_from_a_folder_and_from_the_clipboard(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path, language: str
) -> None:
    """What else lies in the folder is left there."""
    page = shop_page("desktop", language)
    folder = tmp_path / "holidays"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photos[0].read_bytes())
    (folder / "notes.txt").write_text("not a photo")
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Uma pasta inteira" if language == "pt" else "A whole folder").click()
    chooser.value.set_files(folder)
    ready = page.locator('[data-photo][data-state="ready"]')
    expect(ready).to_have_count(1)
    page.evaluate(HANDED_OVER, "pasted.png")
    expect(ready).to_have_count(2)
    expect(page.locator('[data-photo][data-name="pasted.png"]')).to_have_count(1)
    assert ids(page) == ["a.jpg", "pasted.png"]


def test_no_picture_is_asked_for_before_it_is_there(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path
) -> None:
    """Of a photo that the browser cannot show by itself, nor ever of a broken one: the console stays empty."""
    page = shop_page("phone", "en")
    answers: list[tuple[int, str]] = []
    page.on("response", lambda response: answers.append((response.status, response.url)))
    broken = tmp_path / "broken.png"
    broken.write_bytes(spoilt("PNG"))
    page.goto("/")
    page.set_input_files("#file", [photos[3], photos[0], broken])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    expect(page.locator("[data-photo].is-broken")).to_have_count(1)
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    expect(page.locator("[data-photo]")).to_have_count(3)
    page.wait_for_load_state("networkidle")
    asked = [answer for answer in answers if "/preview/" in answer[1]]
    assert len(asked) >= 3
    assert [answer for answer in asked if answer[0] != 200] == []
    assert [answer for answer in answers if answer[0] == 404] == []


def test_when_the_last_photo_is_removed_others_can_be_chosen(
    shop_page: Callable[..., Page], photos: list[Path]
) -> None:
    """U5: after a reload too, which had put the form elsewhere."""
    page = shop_page("phone", "en")
    upload(page, photos[:1])
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    page.locator("[data-remove-photo]").click()
    expect(page.get_by_role("heading", name="Your photos deserve paper.")).to_be_visible()
    expect(page.locator("label.button[for=file]")).to_be_visible()
    expect(page.locator("#file")).to_be_focused()
    page.set_input_files("#file", photos[1:2])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
