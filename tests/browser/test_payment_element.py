"""Stripe's Payment Element on the shop's own page, in Chromium against the stand-in of Stripe.js."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import FrameLocator, Page, expect

from orders.models import Order
from payments.models import PaymentAttempt
from tests.browser.test_purchase import LISBON, fill_delivery, upload
from tests.browser.visits import in_words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

CHECKOUT = """async () => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch("/api/v1/drafts/current/checkout/", {
    method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ method: "elements", accept_terms: true }),
  });
  return answer.json();
}"""


def at_the_element(page: Page, photos: list[Path]) -> dict[str, Any]:
    """Through the shop up to the payment page; the checkout's answer."""
    upload(page, photos[:1])
    page.locator("button[name=next]").click()
    page.wait_for_url("**/delivery/")
    fill_delivery(page, **LISBON)
    page.wait_for_url("**/review/")
    answer: dict[str, Any] = page.evaluate(CHECKOUT)
    page.goto(answer["url"].removeprefix(settings.SITE_URL))
    return answer


def fill_card(frame: FrameLocator, page: Page, number: str) -> None:
    frame.locator("[name=number]").fill(number)
    frame.locator("[name=expiry]").fill("12/34")
    frame.locator("[name=cvc]").fill("123")
    frame.locator("[name=name]").fill("ANA SA")
    page.locator("[data-pay-form] button").click()


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


@pytest.mark.parametrize(("size", "language"), [("phone", "pt"), ("desktop", "en")])
def test_a_declined_card_is_said_on_the_page_and_three_d_secure_pays(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    photos: list[Path],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
) -> None:
    """The whole walk: refused in the customer's words, 3-D Secure failed, then passed, back to the order's page; P1."""
    page = shop_page(size, language)
    at_the_element(page, photos)
    frame = page.frame_locator("[data-element] iframe")
    expect(page.locator("[data-pay-form] button")).to_be_enabled()
    looks_right(page, "element")
    for card, said in DECLINED[language].items():
        fill_card(frame, page, card)
        expect(page.locator("[data-said]")).to_have_text(said)
    address = page.url
    fill_card(frame, page, "4000002500003155")
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    page.locator("button[value=fail]").click()
    not_completed = in_words(language, "The payment was not completed, so nothing was charged. You can try again.")
    expect(page.locator(".notices")).to_contain_text(not_completed)
    assert Order.objects.get().paid_at is None
    page.goto(address)
    fill_card(frame, page, "4000002500003155")
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    page.locator("button[value=complete]").click()
    page.wait_for_url(re.compile("/orders/PO-"))
    wait_until(lambda: Order.objects.get().state == Order.State.PAID, what="the order to be paid")
    attempt = PaymentAttempt.objects.get()
    assert (attempt.method, attempt.state) == ("elements", "confirmed")


def test_who_prefers_stripes_page_pays_there(shop_page: Callable[..., Page], photos: list[Path]) -> None:
    """C5: the Intent is canceled, so that one page is payable."""
    page = shop_page()
    at_the_element(page, photos)
    page.get_by_role("button", name="Pagar na página da Stripe").click()
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    assert sorted(PaymentAttempt.objects.values_list("method", "state")) == [
        ("checkout", "pending"),
        ("elements", "canceled"),
    ]
