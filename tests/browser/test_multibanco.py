"""Paying by Multibanco: the voucher on the order's page, and the order once it is paid."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format
from playwright.sync_api import Page, expect

from orders import links, vouchers
from orders.models import Order
from orders.vouchers import Voucher
from tests.browser.test_interruptions import to_stripe
from tests.browser.visits import Visitor, about_to_pay, in_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def test_a_multibanco_reference_stands_on_the_orders_page_until_it_is_paid(
    visitor: Visitor, looks_right: Callable[[Page, str], None], wait_until: Callable[..., Any]
) -> None:
    """Entity, reference, sum and last day, as Stripe's own page shows them."""
    page, language = visitor.page, visitor.language
    about_to_pay(page, wait_until, language)
    to_stripe(page)
    page.locator("button[value=multibanco]").click()
    entity, reference = page.locator("#entity").inner_text(), page.locator("#reference").inner_text()
    at_stripe = page.url
    voucher: Voucher = wait_until(lambda: vouchers.payable(Order.objects.get()), what="the voucher")
    assert voucher.expires_at
    page.goto(links.order_path(Order.objects.get()))
    figures = page.locator(".voucher dd")
    with translation.override(language):
        until = date_format(timezone.localtime(voucher.expires_at), "DATETIME_FORMAT")
    expect(figures).to_have_text([entity, reference, "€0.70" if language == "en" else "0,70\u00a0€"])
    expect(page.locator("#order-status")).to_contain_text(until)
    looks_right(page, "voucher")
    page.goto(at_stripe)
    page.locator("button[value=complete]").click()
    wait_until(Order.objects.filter(state="paid").exists, what="the order to be paid")
    page.goto(links.order_path(Order.objects.get()))
    expect(figures).to_have_count(0)
    expect(page.locator("h1")).to_have_text(in_words(language, "Thank you, we have your order"))
