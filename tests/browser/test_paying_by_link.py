"""An order's signed link opened on another device than the one that made the order."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orders import links
from orders.models import Order
from payments.services import start_checkout
from tests.browser.visits import in_words, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    ("size", "language", "javascript"),
    [("phone", "pt", True), ("desktop", "en", False)],
    ids=["phone-pt", "desktop-en-noscript"],
)
def test_an_order_is_paid_by_its_link_on_another_device(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
    javascript: bool,
) -> None:
    """C28: the mail is opened where no draft is; Stripe's "back" leads to the order again, and the payment to it as well."""
    order = start_checkout(prepared(wait_until, language=language), language=language, terms=True).order
    page = shop_page(size, language, javascript=javascript)
    page.goto(links.order_path(order))
    looks_right(page, "unpaid")
    again = page.get_by_role("button", name=in_words(language, "Not paid yet? Go back to paying"))
    again.click()
    page.locator("a.back").click()
    page.wait_for_url(f"**/orders/{order.number}/*")
    again.click()
    for name, value in {"number": "4242424242424242", "expiry": "12/34", "cvc": "123", "name": "ANA SA"}.items():
        page.fill(f"[name={name}]", value)
    page.locator("button[value=card]").click()
    page.wait_for_url(f"**/orders/{order.number}/*")
    expect(page.locator("h1")).to_have_text(in_words(language, "Thank you, we have your order"))
    assert Order.objects.get().paid_at is not None
    page.goto("/")
    expect(page.locator("[data-photo]")).to_have_count(0)
