"""Files that cannot be taken: each named at the top of the page, in sight with any number of photos; the others go on (U2)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.test_purchase import upload
from tests.browser.test_uploads import ids, posts
from uploads.tests.test_check_photo import spoilt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

REFUSED_HERE = {
    "empty": ("empty.jpg", 0, {}, "This file is empty. Choose it again, or another one."),
    "large": ("large.tif", 100 * 2**20 + 1, {}, "This file is larger than 100 MB. Choose a smaller version."),
    "too many": ("one more.jpg", 9, {"maxPhotos": "1"}, "At most 200 photos fit in one order."),
}


@pytest.mark.parametrize("case", REFUSED_HERE)
def test_what_cannot_be_taken_is_refused_by_name_before_anything_is_sent(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path, case: str
) -> None:
    """The shop's limit of photos is the page's; here it is brought down to one."""
    name, size, limits, why = REFUSED_HERE[case]
    page = shop_page("phone", "en")
    upload(page, photos[4:5])
    page.locator("[data-home]").evaluate("(home, limits) => Object.assign(home.dataset, limits)", limits)
    sent = posts(page)
    file = tmp_path / name
    with file.open("wb") as out:
        out.truncate(size)
    page.set_input_files("#file", file)
    expect(page.locator("[data-refused] li")).to_have_text(f"{name} {why}")
    expect(page.locator("[data-live]")).to_have_text(f"{name} was refused: {why}")
    expect(page.locator("[data-upload]")).to_have_count(0)
    assert sent == []
    assert ids(page) == [photos[4].name]


def test_what_the_server_refuses_is_named_at_the_top_until_it_is_removed(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path], tmp_path: Path
) -> None:
    """At once, or when a photo turns out to be broken. It is not said that all have been uploaded."""
    page = shop_page("phone", "en")
    upload(page, photos[4:5])
    text, broken = tmp_path / "shopping list.jpg", tmp_path / "broken.png"
    text.write_text("eggs, milk, and nothing that could be printed")
    broken.write_bytes(spoilt("PNG"))
    page.set_input_files("#file", [text])
    why = "“shopping list.jpg” is not a picture. Please upload JPEG, PNG, WebP, HEIC or TIFF."
    lines = page.locator("[data-refused] li")
    expect(lines).to_have_text([why])
    page.wait_for_timeout(300)  # longer than an upload's end takes to be announced
    expect(page.locator("[data-live]")).to_have_text(why)
    page.set_input_files("#file", [broken])
    expect(lines).to_have_count(2)
    expect(lines.nth(1)).to_have_text(
        "broken.png This file is damaged or incomplete. Please upload it again or choose another."
    )
    looks_right(page, "named")
    page.locator("[data-upload] [data-cancel]").click()
    expect(lines).to_have_count(1)
    page.locator(".is-broken [data-remove-photo]").click()
    expect(lines).to_have_count(0)
    assert ids(page) == [photos[4].name]


def drop(page: Page, *paths: Path) -> None:
    """As the browser hears it from the desktop; a folder is one path."""
    screen: CDPSession = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        screen.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})


def test_a_folder_is_dropped_and_what_cannot_be_read_in_it_is_named(
    shop_page: Callable[..., Page], photos: list[Path], tmp_path: Path
) -> None:
    """Folders in it too, in the order of their names; one unreadable entry does not take the others away."""
    page = shop_page("desktop", "en")
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
    expect(page.locator("[data-refused] li")).to_have_text(["gone.jpg This could not be read. Please choose it again."])
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


def test_a_photo_that_cannot_be_removed_while_offline_stays_and_says_so(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path]
) -> None:
    """Nothing goes on trying unseen: the next press removes it."""
    page = shop_page("phone", "pt")
    upload(page, photos[4:5])
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.context.set_offline(True)
    page.locator("[data-remove-photo]").click()
    why = "Não foi possível remover esta fotografia. Tente de novo quando tiver ligação."
    expect(page.locator("[data-photo] [data-problem]")).to_have_text(why)
    expect(page.locator("[data-photo] [data-problem]")).to_be_visible()
    expect(page.locator("[data-live]")).to_have_text(f"{photos[4].name}: {why}")
    page.context.set_offline(False)
    looks_right(page, "stays")
    assert ids(page) == [photos[4].name]
    page.locator("[data-remove-photo]").click()
    expect(page.locator("[data-photo]")).to_have_count(0)
    assert ids(page) == []
