"""Uploads: the same photo twice, many and large ones, in their order (U4, U5)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_purchase import upload
from tests.browser.uploading import PHOTOS_URL, file_of, heavy, posts
from tests.browser.visits import ON_PHONE_AND_DESKTOP, in_words
from uploads.tests.test_check_photo import spoilt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


@ON_PHONE_AND_DESKTOP
def test_the_same_photo_again_is_recognised_before_it_is_sent(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    tmp_path: Path,
    size: str,
    language: str,
) -> None:
    """U4: by its bytes, under any name, in one pick and after a reload; the customer is told, nothing is sent twice."""
    page = shop_page(size, language)
    copy = tmp_path / "copy of the mountains.jpg"
    copy.write_bytes(photos[0].read_bytes())
    page.goto("/")
    sent = posts(page)
    page.set_input_files("#file", [photos[0], copy])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    told = f"{in_words(language, 'In your order already, so not sent again:')} {copy.name}"
    expect(page.locator("[data-twice]")).to_have_text(told)
    page.reload()
    page.set_input_files("#file", [copy, photos[1]])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(2)
    expect(page.locator("[data-twice]")).to_have_text(told)
    assert len(sent) == 2
    looks_right(page, "twice")
    page.locator("[data-remove-photo]").first.click()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    expect(page.locator("[data-twice]")).to_be_hidden()  # no longer so, of the one that is gone


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


@ON_PHONE_AND_DESKTOP
def test_a_large_photo_is_made_smaller_only_if_the_customer_agrees(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    tmp_path: Path,
    size: str,
    language: str,
) -> None:
    page = shop_page(size, language)
    page.goto("/")
    sent = posts(page)
    page.set_input_files("#file", heavy(tmp_path / "panorama.jpg", 6600, 800, 21_200_000))
    expect(page.locator("[data-big]")).to_contain_text(f"panorama.jpg ({'21.2' if language == 'en' else '21,2'} MB)")
    question = in_words(language, "These photos are large. May we send them smaller?")
    expect(page.get_by_role("region", name=question)).to_be_visible()
    expect(page.locator("[data-live]")).to_have_text(question)
    looks_right(page, "asked")
    assert sent == []
    page.get_by_role("button", name=in_words(language, "Send them smaller")).click()
    photo = page.locator('[data-photo][data-state="ready"]')
    expect(photo).to_have_attribute("data-width", "6000")
    assert int(photo.get_attribute("data-bytes") or 0) < 1_000_000
    page.set_input_files("#file", heavy(tmp_path / "whole.jpg", 6400, 800, 21_200_000))
    page.get_by_role("button", name=in_words(language, "Send them as they are")).click()
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


@ON_PHONE_AND_DESKTOP
def test_three_photos_go_up_at_a_time_picked_by_keyboard_or_finger(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
) -> None:
    """The others wait; each shows how far it is, and all together do."""
    page = shop_page(size, language)
    page.goto("/")
    held: list[Any] = []
    released: list[bool] = []
    page.route(PHOTOS_URL, lambda route: route.continue_() if released else held.append(route))
    with page.expect_file_chooser() as chooser:
        page.locator("label.button[for=file]").tap() if size == "phone" else page.locator("#file").press("Enter")
    chooser.value.set_files(photos)
    expect(page.locator("[data-upload] [data-state-text]", has_text=in_words(language, "Uploading"))).to_have_count(3)
    expect(page.locator("[data-upload] [data-state-text]", has_text=in_words(language, "Waiting"))).to_have_count(2)
    expect(page.locator("[data-upload] progress[aria-label]")).to_have_count(5)
    so_many = in_words(language, "%(done)s of %(all)s photos uploaded")
    expect(page.locator("[data-upload-line]")).to_have_text(so_many % {"done": 0, "all": 5})
    page.wait_for_timeout(500)
    assert len(held) == 3
    all_of_them = page.locator("[data-upload-progress]")
    assert all_of_them.evaluate("bar => bar.value") == 0
    looks_right(page, "going-up")
    first = held.pop(0)
    first.continue_()
    expect(page.locator("[data-upload-line]")).to_have_text(so_many % {"done": 1, "all": 5})
    sizes = {path.name: path.stat().st_size for path in photos}
    share = sizes[unquote(file_of(first))] / sum(sizes.values())
    assert all_of_them.evaluate("bar => bar.value") == pytest.approx(share, abs=1e-6)
    released.append(True)
    for route in held:
        route.continue_()
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(5)
    expect(page.locator("[data-live]")).to_have_text(in_words(language, "All photos are uploaded."))


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


@ON_PHONE_AND_DESKTOP
def test_when_the_last_photo_is_removed_others_can_be_chosen(
    shop_page: Callable[..., Page], photos: list[Path], size: str, language: str
) -> None:
    """U5: after a reload too, which had put the form elsewhere."""
    page = shop_page(size, language)
    upload(page, photos[:1])
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    page.reload()
    page.locator("[data-remove-photo]").click()
    expect(page.get_by_role("heading", name=in_words(language, "Your photos deserve paper."))).to_be_visible()
    expect(page.locator("label.button[for=file]")).to_be_visible()
    expect(page.locator("#file")).to_be_focused()
    page.set_input_files("#file", photos[1:2])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
