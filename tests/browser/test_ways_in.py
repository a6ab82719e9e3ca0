"""How photos come in besides the picker: the camera, a folder, dropped, pasted."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.uploading import ids
from tests.browser.visits import ON_PHONE_AND_DESKTOP, in_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

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
    button = page.get_by_role("button", name=in_words(language, "Take a photo"))
    with page.expect_file_chooser() as chooser:
        button.tap()
    chooser.value.set_files(photos[0])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)


@ON_PHONE_AND_DESKTOP
def test_photos_are_dropped(shop_page: Callable[..., Page], size: str, language: str) -> None:
    """The place shows that it takes them; the browser does not open the file instead (a tablet can drop too)."""
    page = shop_page(size, language)
    page.goto("/")
    assert page.evaluate(HANDED_OVER, "dropped.png") == [True, True, True]
    expect(page.locator('[data-photo][data-name="dropped.png"][data-state="ready"]')).to_have_count(1)
    expect(page.locator("[data-drop]")).not_to_have_class(re.compile("is-over"))


SMALL_AND_LARGE = pytest.mark.parametrize(("size", "language"), [("narrow", "pt"), ("desktop", "en")])  # by mouse


@SMALL_AND_LARGE
def test_photos_are_taken_from_a_folder_and_from_the_clipboard(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path, size: str, language: str
) -> None:
    """What else lies in the folder is left there."""
    page = shop_page(size, language)
    folder = tmp_path / "holidays"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photos[0].read_bytes())
    (folder / "notes.txt").write_text("not a photo")
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=in_words(language, "A whole folder")).click()
    chooser.value.set_files(folder)
    ready = page.locator('[data-photo][data-state="ready"]')
    expect(ready).to_have_count(1)
    page.evaluate(HANDED_OVER, "pasted.png")
    expect(ready).to_have_count(2)
    expect(page.locator('[data-photo][data-name="pasted.png"]')).to_have_count(1)
    assert ids(page) == ["a.jpg", "pasted.png"]


def drop(page: Page, *paths: Path) -> None:
    """As the browser hears it from the desktop; a folder is one path."""
    screen: CDPSession = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        screen.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})


@SMALL_AND_LARGE
def test_a_folder_is_dropped_and_what_cannot_be_read_in_it_is_named(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path, size: str, language: str
) -> None:
    """Folders in it too, in the order of their names; one unreadable entry does not take the others away."""
    page = shop_page(size, language)
    folder = tmp_path / "holidays"
    (folder / "day 2").mkdir(parents=True)
    (folder / "b10.jpg").write_bytes(photos[4].read_bytes())
    (folder / "b9.jpg").write_bytes(photos[0].read_bytes())
    (folder / "day 2" / "c.png").write_bytes(photos[2].read_bytes())
    (folder / "notes.txt").write_text("not a photo")
    gone = tmp_path / "gone.jpg"
    gone.write_bytes(b"x")
    page.goto("/")
    page.evaluate(UNREADABLE)
    drop(page, folder, gone)
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(3)
    why = in_words(language, "This could not be read. Please choose it again.")
    expect(page.locator("[data-refused] li")).to_have_text([f"gone.jpg {why}"])
    assert ids(page) == ["b9.jpg", "b10.jpg", "c.png"]


# What a browser answers for a file that was taken away between the drop and the reading.
UNREADABLE = """() => {
  const { webkitGetAsEntry } = DataTransferItem.prototype;
  DataTransferItem.prototype.webkitGetAsEntry = function () {
    const entry = webkitGetAsEntry.call(this);
    if (entry.name === "gone.jpg") entry.file = (_found, lost) => lost(new DOMException("gone", "NotFoundError"));
    return entry;
  };
}"""
