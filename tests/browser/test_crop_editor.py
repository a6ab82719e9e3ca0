"""The crop editor: by mouse, finger and keyboard; what it shows is what is printed (U6, U8)."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from orders.print_files import PrintSpec
from orders.print_worker import make
from tests.browser.conftest import studio
from tests.browser.cropping import border_of, edges_of, paper_shown, photo_with_edges
from tests.browser.test_purchase import upload
from tests.browser.visits import ON_PHONE_AND_DESKTOP

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def crop_of(page: Page) -> dict[str, float] | None:
    """As the server keeps it, once it has what the page has."""
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    draft = page.evaluate("async () => (await fetch('/api/v1/drafts/current/')).json()")
    crop: dict[str, float] | None = draft["items"][0]["crop"]
    return crop


def finish(page: Page) -> None:
    """Presses "done" and waits for the dialog's close event, which comes in a task of its own after it has gone."""
    page.locator(".cropper button[value=done]").click()
    expect(page.locator(".cropper")).to_be_hidden()
    page.evaluate("() => new Promise((done) => setTimeout(done, 50))")


def open_editor(page: Page) -> None:
    page.locator("[data-adjust]").first.click()
    expect(page.locator(".cropper")).to_be_visible()


def test_the_print_file_is_cut_as_the_editor_shows_it(browser: Browser, live_shop: Any, tmp_path: Path) -> None:
    """U8: dragged, zoomed and turned; the photo's edges lie at the same place of the paper on the screen and in the print file."""
    studio()
    scale = 3
    context = browser.new_context(viewport={"width": 1100, "height": 1000}, device_scale_factor=scale, locale="en-GB", base_url=live_shop.url)  # fmt: skip
    page = context.new_page()
    file = photo_with_edges(tmp_path / "edges.jpg", 3000, 2000, 1400, 900)
    upload(page, [file])
    for turned in (False, True):
        open_editor(page)
        page.locator("[data-turn]").click() if turned else None
        stage = page.locator(".stage").bounding_box()
        assert stage
        page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2)
        page.mouse.wheel(0, -300)
        page.mouse.down()
        page.mouse.move(stage["x"] + stage["width"] / 2 + 37, stage["y"] + stage["height"] / 2 + 23, steps=4)
        page.mouse.up()
        shown, _edge = paper_shown(page, scale)
        finish(page)
        crop = crop_of(page)
        assert crop
        assert (crop["width"] * 3000 > crop["height"] * 2000) is not turned
        _thumbnail, printed = make(file.read_bytes(), 3000, 2000, [PrintSpec(100, 150, crop=crop)])  # type: ignore[arg-type]  # numbers, as JSON brought them
        paper = Image.open(io.BytesIO(printed))
        for seen, cut, length in zip(edges_of(shown), edges_of(paper), paper.size, strict=True):
            assert 0.05 < cut < 0.95
            # One print pixel, and half of one of the screen's, which the browser rounds an edge to.
            assert seen * length == pytest.approx(cut * length, abs=1 + 0.5 * length / max(shown.size))
    context.close()


UPRIGHT = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def test_the_print_file_of_a_turned_photo_is_what_the_editor_and_the_grid_show(
    browser: Browser, live_shop: Any, tmp_path: Path
) -> None:
    """U8: turned by key and by button, dragged, zoomed; both pictures are turned back to look for the photo's edges."""
    studio()
    scale = 3
    context = browser.new_context(viewport={"width": 1100, "height": 1000}, device_scale_factor=scale, locale="en-GB", base_url=live_shop.url)  # fmt: skip
    page = context.new_page()
    file = photo_with_edges(tmp_path / "edges.jpg", 3000, 2000, 1400, 900)
    upload(page, [file])
    page.locator("[data-total-bar]").evaluate("bar => { bar.style.position = 'static' }")
    for turn in (90, 270):
        open_editor(page)
        if turn == 90:
            page.keyboard.press("t")
            stage = page.locator(".stage").bounding_box()
            assert stage
            page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2)
            page.mouse.wheel(0, -300)
            page.mouse.down()
            page.mouse.move(stage["x"] + stage["width"] / 2 + 19, stage["y"] + stage["height"] / 2 + 11, steps=4)
            page.mouse.up()
        else:
            page.locator(".cropper [data-turn-photo]").click(click_count=2)
        expect(page.locator("[data-said]")).to_contain_text(f"The photo is turned by {turn} degrees.")
        shown, _edge = paper_shown(page, scale)
        finish(page)
        crop = crop_of(page)
        assert crop
        assert crop["turn"] == turn
        assert crop["width"] * 2000 < crop["height"] * 3000
        in_grid, _edge = paper_shown(page, scale, ".photo .picture", ".picture .edge")
        _thumbnail, printed = make(file.read_bytes(), 3000, 2000, [PrintSpec(100, 150, crop=crop)])  # type: ignore[arg-type]  # numbers, as JSON brought them
        paper = Image.open(io.BytesIO(printed)).transpose(UPRIGHT[turn])
        for picture, coarse in ((shown.transpose(UPRIGHT[turn]), 0.5 / max(shown.size)), (in_grid.transpose(UPRIGHT[turn]), 1 / SMALL_PICTURE)):  # fmt: skip
            for seen, cut, length in zip(edges_of(picture), edges_of(paper), paper.size, strict=True):
                assert 0.05 < cut < 0.95
                assert seen * length == pytest.approx(cut * length, abs=1 + coarse * length)
    page.locator("[data-print] [data-field=fit][value=border]").check()
    page.locator("[data-print] [data-turn-photo]").click(click_count=3)
    expect(page.locator("[data-live]")).to_contain_text("The photo is turned by 180 degrees.")
    assert crop_of(page) == {"x": 0, "y": 0, "width": 1, "height": 1, "turn": 180}
    shown, _mat = paper_shown(page, scale, ".photo .picture", ".picture .mat")
    spec = PrintSpec(100, 150, 3, "border", {"x": 0, "y": 0, "width": 1, "height": 1, "turn": 180})
    paper = Image.open(io.BytesIO(make(file.read_bytes(), 3000, 2000, [spec])[1])).transpose(UPRIGHT[180])
    shown = shown.transpose(UPRIGHT[180])
    for seen_at, cut_at in ((edges_of(shown), edges_of(paper)), (border_of(shown), border_of(paper))):
        for seen, cut, length in zip(seen_at, cut_at, paper.size, strict=True):
            assert 0 < cut < 0.95
            assert seen * length == pytest.approx(cut * length, abs=1 + length / SMALL_PICTURE)
    drawn = page.locator(".picture image").get_attribute("transform")
    page.reload()
    expect(page.locator(".picture image")).to_have_attribute("transform", drawn or "")
    context.close()


SMALL_PICTURE = 640  # pixels across: what the grid shows of a photo (js/worker.js)


def test_the_print_file_is_cut_and_bordered_as_the_grid_shows_it(
    browser: Browser, live_shop: Any, tmp_path: Path
) -> None:
    """U8: other sizes, a square, and the white border, each as close as the grid's small picture can tell."""
    studio()
    scale = 3
    context = browser.new_context(viewport={"width": 1100, "height": 1000}, device_scale_factor=scale, locale="en-GB", base_url=live_shop.url)  # fmt: skip
    page = context.new_page()
    file = photo_with_edges(tmp_path / "edges.jpg", 3000, 2000, 1400, 900)
    upload(page, [file])
    page.locator("[data-total-bar]").evaluate("bar => { bar.style.position = 'static' }")
    for product, width, height, border, fit in (
        ("13x18", 130, 180, 4, "crop"),
        ("square-15x15", 150, 150, 4, "crop"),
        ("10x15", 100, 150, 3, "border"),
        ("20x30", 200, 300, 5, "border"),
    ):
        page.locator("[data-print] [data-field=product]").select_option(product)
        page.locator(f"[data-print] [data-field=fit][value={fit}]").check()
        shown, _paper = paper_shown(page, scale, ".photo .picture", f".picture .{'edge' if fit == 'crop' else 'mat'}")
        spec = PrintSpec(width, height, border, fit)
        paper = Image.open(io.BytesIO(make(file.read_bytes(), 3000, 2000, [spec])[1]))
        looked_at = [(edges_of(shown), edges_of(paper))]
        if fit == "border":
            looked_at.append((border_of(shown), border_of(paper)))
        for seen_at, cut_at in looked_at:
            for seen, cut, length in zip(seen_at, cut_at, paper.size, strict=True):
                assert 0 < cut < 0.95
                assert seen * length == pytest.approx(cut * length, abs=1 + length / SMALL_PICTURE), (product, fit)
    context.close()


@pytest.mark.parametrize(("size", "dark"), [("phone", False), ("narrow", True), ("desktop", False)])
def test_the_cut_is_adjusted_by_keyboard_and_stays_after_a_reload(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    dark: bool,
) -> None:
    """Arrows move, plus zooms, the quality follows (U6), "done" keeps it and the page shows it again (U5)."""
    page = shop_page(size, "pt" if size == "phone" else "en", dark=dark)
    upload(page, photos[:1])
    open_editor(page)
    expect(page.locator(".stage")).to_be_focused()
    hint = "Arraste para mover, afaste os dedos para ampliar."  # a phone has neither wheel nor keys
    if size != "phone":
        hint = "Drag to move, turn the wheel to zoom. Keys: arrows move, plus and minus zoom, t turns the photo, r the paper, 0 resets."
    expect(page.locator("#cropper-keys")).to_have_text(hint, use_inner_text=True)
    before = page.locator(".cropper [data-dpi]").inner_text()
    for key in ("+", "+", "+", "+", "+", "+", "ArrowLeft", "ArrowLeft", "Shift+ArrowUp"):
        page.keyboard.press(key)
    sharp = page.locator(".cropper [data-dpi]").inner_text()
    assert int(sharp.split()[0]) < int(before.split()[0])
    expect(page.locator("[data-said]")).to_contain_text(re.compile(r"\b177 (percent|por cento)\b"))
    looks_right(page, "editor")
    if size == "phone":
        page.set_viewport_size({"width": 844, "height": 390})  # held sideways
        for part in ("h2", ".stage", "[data-reset]", ".quality", "[value=done]", "[value=cancel]"):
            expect(page.locator(f".cropper {part}")).to_be_in_viewport(ratio=1)
        looks_right(page, "sideways")
    finish(page)
    expect(page.locator("[data-adjust]").first).to_be_focused()
    crop = crop_of(page)
    assert crop
    assert crop["width"] == pytest.approx(1 / 1.1**6, abs=1e-4)
    assert crop["x"] + crop["width"] / 2 == pytest.approx(0.5 - 0.04 * crop["width"], abs=1e-4)
    assert crop["y"] + crop["height"] / 2 == pytest.approx(0.5 - 0.1 * crop["height"], abs=1e-4)
    drawn = page.locator(".picture .cut").get_attribute("d")
    looks_right(page, "card")
    page.reload()
    expect(page.locator(".picture .cut")).to_have_attribute("d", drawn or "")
    expect(page.locator("[data-dpi]").first).to_have_text(sharp)


def test_two_fingers_zoom_and_one_moves(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    """As the touch screen reports them: the browser neither scrolls nor zooms the page meanwhile."""
    page = shop_page("phone", "en")
    upload(page, photos[:1])
    open_editor(page)
    stage, screen = page.locator(".stage").bounding_box(), page.context.new_cdp_session(page)
    assert stage
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2

    def touch(kind: str, **fingers: int) -> None:
        """Fingers at so many pixels right of the middle; `touchEnd` lifts those that it names, or all."""
        points = [{"x": x + at, "y": y, "id": ord(name)} for name, at in fingers.items()]
        screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", a=-40)
    touch("touchStart", a=-40, b=40)
    touch("touchMove", a=-60, b=60)
    touch("touchEnd", b=60)
    touch("touchMove", a=-100)
    touch("touchEnd")
    assert page.evaluate("[visualViewport.scale, scrollX]") == [1, 0]
    finish(page)
    crop = crop_of(page)
    assert crop
    assert crop["width"] == pytest.approx(2 / 3, abs=0.01)
    assert crop["x"] + crop["width"] / 2 > 0.55


def test_cancel_and_reset_leave_the_cut_in_the_middle(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    page = shop_page("phone", "pt")
    upload(page, photos[:1])
    assert crop_of(page) is None
    open_editor(page)
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    assert crop_of(page) is None
    open_editor(page)
    page.locator("[data-turn]").click()
    finish(page)
    turned = crop_of(page)
    assert turned
    assert turned["height"] == pytest.approx(1, abs=1e-5)
    open_editor(page)
    page.locator("[data-reset]").click()
    finish(page)
    assert crop_of(page) is None


def test_another_size_keeps_what_the_cut_shows_and_a_white_border_needs_none(
    shop_page: Callable[..., Page], photos: list[Path]
) -> None:
    page = shop_page("desktop", "en")
    upload(page, photos[:1])
    open_editor(page)
    page.locator("[data-zoom]").fill("200")
    finish(page)
    first = crop_of(page)
    page.locator("[data-print] [data-field=product]").select_option("15x20")
    second = crop_of(page)
    assert first
    assert second
    assert second["width"] * 3000 / (second["height"] * 2000) == pytest.approx(4 / 3, abs=1e-4)
    assert second["height"] == pytest.approx(0.5, abs=1e-5)
    page.locator("[data-print] [data-field=product]").select_option("10x15")
    assert crop_of(page) == first
    page.locator("[data-print] [data-field=fit][value=border]").check()
    expect(page.locator("[data-adjust]").first).to_be_hidden()
    assert crop_of(page) is None


def test_the_same_for_all_photos_keeps_each_cut_and_what_is_left_as_it_is(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], photos: list[Path]
) -> None:
    """U8: a cut that was chosen is never thrown away; the customer hears of it when it is saved, not before."""
    page = shop_page("desktop", "en")
    upload(page, photos[:2])
    first, second = page.locator("[data-photo] [data-print]").all()
    open_editor(page)
    page.locator("[data-zoom]").fill("200")
    page.locator(".stage").press("ArrowRight")
    finish(page)
    cut = crop_of(page)
    assert cut
    second.locator("[data-field=quantity]").fill("7")
    second.locator("[data-field=fit][value=border]").check()
    place = page.locator("[data-for-all]")
    expect(place).to_have_attribute("open", "")  # on a desktop there is room for it
    place.locator("[data-field=finish]").select_option("glossy")
    looks_right(page, "for-all")
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    held: list[Route] = []
    page.route("**/items/", lambda route: held.append(route), times=1)
    place.locator("[data-apply]").click()
    page.wait_for_timeout(800)
    assert len(held) == 1
    expect(page.locator("[data-live]")).not_to_contain_text("Applied")
    held[0].continue_()
    expect(page.locator("[data-live]")).to_have_text("Applied to all photos and saved.")
    assert crop_of(page) == cut
    expect(first.locator("[data-field=quantity]")).to_have_value("1")
    expect(second.locator("[data-field=quantity]")).to_have_value("7")
    items = page.evaluate("async () => (await (await fetch('/api/v1/drafts/current/')).json()).items")
    assert [(item["finish"], item["quantity"], item["fit"]) for item in items] == [
        ("glossy", 1, "crop"),
        ("glossy", 7, "border"),
    ]
    place.locator("[data-field=product]").select_option("15x20")
    place.locator("[data-apply]").click()
    refitted = crop_of(page)
    assert refitted
    assert refitted["width"] * 3000 / (refitted["height"] * 2000) == pytest.approx(4 / 3, abs=1e-4)
    assert refitted["x"] + refitted["width"] / 2 == pytest.approx(cut["x"] + cut["width"] / 2, abs=1e-4)
    assert refitted["height"] == pytest.approx(0.5, abs=1e-5)


ADVICE = {
    "pt": r"São impressos 2667 × 2000 píxeis; uma impressão nítida tem \d+ × \d+\. Nítida até ",
    "en": r"2667 × 2000 pixels are printed; a sharp print has \d+ × \d+\. Sharp up to ",
}


@ON_PHONE_AND_DESKTOP
def test_the_quality_says_why_and_which_size_is_still_sharp(
    shop_page: Callable[..., Page], photos: list[Path], size: str, language: str
) -> None:
    """U6: before paying, with a way out; the server's words are the script's."""
    page = shop_page(size, language)
    upload(page, photos[:1])
    page.locator("[data-print] [data-field=product]").select_option("30x40")
    advice = page.locator("[data-print] [data-advice]").first
    expect(advice).to_contain_text(re.compile(ADVICE[language]))
    said = advice.inner_text()
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    expect(advice).to_have_text(said)
    assert json.loads(page.locator("[data-home]").get_attribute("data-products") or "[]")[0]["name"] in page.content()
