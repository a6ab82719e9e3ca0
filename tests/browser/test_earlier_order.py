"""A photo that did not get into an order which was then paid: it does not go up into the next one by itself (U5)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from orders import drafts
from tests.browser.test_purchase import upload
from tests.browser.uploading import PHOTOS_URL, ids, kept, posts
from tests.browser.visits import in_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    ("size", "language", "choice"), [("phone", "pt", "Add them to this order"), ("desktop", "en", "Never mind")]
)
def test_a_photo_left_over_from_a_paid_order_waits_for_its_customers_word(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    size: str,
    language: str,
    choice: str,
) -> None:
    """It is offered, on every page until that is decided, and nowhere else named."""
    page = shop_page(size, language)
    upload(page, photos[:1])
    page.route(PHOTOS_URL, lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", photos[4:5])
    kept(page, [photos[4].name])
    drafts.mark_ordered(page.request.get("/api/v1/drafts/current/").json()["id"], "PO-1")
    page.goto("about:blank")
    page.unroute_all()
    sent = posts(page)
    notice = page.locator("[data-earlier]")
    for _time in range(2):
        page.goto("/")
        expect(notice).to_contain_text(photos[4].name)
        page.wait_for_timeout(300)
        expect(page.locator("[data-upload], [data-photo]")).to_have_count(0)
        expect(page.locator("[data-unsent]")).to_be_hidden()
    looks_right(page, "offered")
    kept(page, [photos[4].name])
    assert sent == []
    notice.get_by_role("button", name=in_words(language, choice)).click()
    expect(notice).to_be_hidden()
    taken = [photos[4].name] if choice == "Add them to this order" else []
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(len(taken))
    kept(page, [])
    assert sent == taken
    assert ids(page) == taken
