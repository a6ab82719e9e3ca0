"""`make screenshots`: one customer's way and the owner's list, as pictures in docs/screenshots/. Asked for by name only.

Pictures are of the screen, not of the whole page, in 256 colours, so that the repository stays small.
"""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from accounts.models import User
from orders.models import Order
from tests.browser.test_purchase import LISBON, fill_delivery, pay, upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
MOST_BYTES = 300_000
OWNER, PASSWORD = "owner@example.test", "a-long-demo-password"


def keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256)
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.png"
    picture.save(file, optimize=True)
    assert file.stat().st_size < MOST_BYTES, name


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_tour(shop_page: Callable[..., Page], photos: list[Path], wait_until: Callable[..., Any], size: str) -> None:
    page = shop_page(size, "en")
    page.goto("/")
    keep(page, f"start-{size}")
    upload(page, photos[:4])
    page.locator("[data-photos]").scroll_into_view_if_needed()
    keep(page, f"choose-{size}")
    expect(page.locator("[data-total-bar]")).not_to_have_class(re.compile("is-stale"))
    page.locator("button[name=next]").click()
    page.wait_for_url("**/delivery/")
    keep(page, f"delivery-{size}")
    fill_delivery(page, **LISBON)
    page.wait_for_url("**/review/")
    keep(page, f"review-{size}")
    pay(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    wait_until(lambda: Order.objects.get().state == Order.State.PAID, what="the order to be paid")
    page.reload()
    keep(page, f"order-{size}")
    if size == "desktop":
        wait_until(lambda: Order.objects.get().photos.exclude(stored_at=None).count() == 4, what="the stored photos")
        owner(page)


def owner(page: Page) -> None:
    User.objects.create_superuser(OWNER, PASSWORD)
    page.goto("/admin/")
    page.fill("[name=username]", OWNER)
    page.fill("[name=password]", PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url("**/admin/")
    page.goto("/admin/orders/order/")
    keep(page, "admin-orders")
    page.goto(f"/admin/orders/order/{Order.objects.get().pk}/change/")
    keep(page, "admin-order")
