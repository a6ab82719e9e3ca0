"""Stripe's Payment Element on the shop's own page, in Chromium against the stand-in of Stripe.js."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import FrameLocator, Page, expect

from local.fixtures import Program
from orders.models import Order
from payments.models import PaymentAttempt
from tests.browser.test_purchase import LISBON, fill_delivery, upload
from tests.browser.visits import ON_PHONE_AND_DESKTOP, Visitor, about_to_pay, enter_card, in_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


@pytest.fixture(scope="module", autouse=True)
def payment_page(web_process: Program) -> Iterator[None]:
    """PAYMENT_PAGE=elements: the shop's web server starts anew with it for this module, and without it after.
    Nobody is being served meanwhile, so it is not waited for."""
    web_process.kill()
    web_process.environment["PAYMENT_PAGE"] = "elements"
    yield
    web_process.kill()
    del web_process.environment["PAYMENT_PAGE"]


def at_the_review(page: Page, photos: list[Path]) -> None:
    """Through the shop, with one photo."""
    upload(page, photos[:1])
    page.locator("button[name=next]").click()
    page.wait_for_url("**/delivery/")
    fill_delivery(page, **LISBON)
    page.wait_for_url("**/review/")


def to_the_element(page: Page) -> None:
    """By the review's own pay button."""
    page.check("[name=accept_terms]")
    page.locator("form.pay button").click()
    page.wait_for_url(re.compile(re.escape(f"{settings.SITE_URL}/pay/")))


def fill_card(frame: FrameLocator, page: Page, number: str) -> None:
    frame.locator("[name=number]").fill(number)
    frame.locator("[name=expiry]").fill("12/34")
    frame.locator("[name=cvc]").fill("123")
    frame.locator("[name=name]").fill("ANA SA")
    page.locator("[data-pay-form] button").click()


SUM = {"pt": "4,25\u00a0€", "en": "€4.25"}
DECLINED = {
    "pt": {
        "4000000000000002": "O cartão foi recusado. Experimente outro cartão.",
        "4000000000009995": "O cartão não tem saldo suficiente.",
        "4000000000000069": "O cartão expirou.",
    },
    "en": {
        "4000000000000002": "Your card was declined. Try another card.",
        "4000000000009995": "Your card has insufficient funds.",
        "4000000000000069": "Your card has expired.",
    },
}


@ON_PHONE_AND_DESKTOP
def test_a_declined_card_is_said_on_the_page_and_three_d_secure_pays(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
) -> None:
    """The whole walk, from the photo by the review's pay button: refused in the customer's words, 3-D Secure failed, then
    passed, back to the order's page; P1."""
    page = shop_page(size, language)
    at_the_review(page, photos)
    to_the_element(page)
    expect(page.locator("h1")).to_have_text(in_words(language, "Pay %(sum)s") % {"sum": SUM[language]})
    frame = page.frame_locator("[data-element] iframe")
    expect(page.locator("[data-pay-form] button")).to_be_enabled()
    looks_right(page, "element")
    for card, said in DECLINED[language].items():
        fill_card(frame, page, card)
        expect(page.locator("[data-said]")).to_have_text(said)
    assert Order.objects.get().paid_at is None
    address = page.url
    fill_card(frame, page, "4000002500003155")
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    page.locator("button[value=fail]").click()
    not_completed = in_words(language, "The payment was not completed, so nothing was charged. You can try again.")
    expect(page.locator(".notices")).to_contain_text(not_completed)
    assert Order.objects.get().paid_at is None
    to_the_element(page)
    assert page.url == address
    fill_card(frame, page, "4000002500003155")
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    page.locator("button[value=complete]").click()
    page.wait_for_url(re.compile("/orders/PO-"))
    expect(page.locator("h1")).to_have_text(in_words(language, "Thank you, we have your order"))
    wait_until(lambda: Order.objects.get().state == Order.State.PAID, what="the order to be paid")
    attempt = PaymentAttempt.objects.get()
    assert (attempt.method, attempt.state) == ("elements", "confirmed")


BLOCKED = "The payment form could not be loaded. Please pay on Stripe’s page by the button below."


def test_where_the_form_cannot_be_loaded_stripes_own_page_is_left(
    visitor: Visitor, looks_right: Callable[[Page, str], None], wait_until: Callable[..., Any]
) -> None:
    """C5: without scripts, or where Stripe's does not come. The Intent is canceled, so that one page is payable."""
    page, language = visitor.page, visitor.language
    page.route(settings.STRIPE_JS_URL, lambda route: route.abort())
    about_to_pay(page, wait_until, language)
    to_the_element(page)
    expect(page.locator("main .notice:visible")).to_have_text(in_words(language, BLOCKED))
    looks_right(page, "blocked")
    page.get_by_role("button", name=in_words(language, "Pay on Stripe's page instead")).click()
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    assert sorted(PaymentAttempt.objects.values_list("method", "state")) == [
        ("checkout", "pending"),
        ("elements", "canceled"),
    ]
    enter_card(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    assert Order.objects.get().paid_at is not None
