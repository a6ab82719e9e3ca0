"""What a customer is told when paying fails, in the page's language; that the draft is as it was and nothing is stored; and
that the next try pays, once."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from local.fixtures import LiveShop
from orders import drafts
from orders.drafts import Draft
from orders.models import Order
from payments.models import PaymentAttempt
from tests.browser.test_purchase import pay
from tests.browser.visits import Visitor, about_to_pay, enter_card, in_words
from uploads import stash
from uploads.tests.stashed_bytes import bytes_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

# Stripe's own page says these (here its stand-in, by the language that the shop asks for).
SAID = {
    "4000000000000002": {"pt": "O cartão foi recusado.", "en": "Your card was declined."},
    "4000000000009995": {"pt": "O cartão não tem saldo suficiente.", "en": "Your card has insufficient funds."},
    "4000000000000069": {"pt": "O cartão expirou.", "en": "Your card has expired."},
}
CHALLENGED = "4000002500003155"
NOT_AUTHENTICATED = {"pt": "A autenticação falhou.", "en": "The authentication failed."}
CLOSED = {"pt": "Esta página de pagamento já não está ativa.", "en": "This payment page is no longer active."}
CANCELLED = "The payment was cancelled and nothing was charged. Your photos and choices are as you left them: you can change them, or try again."


def left_intact(shop: LiveShop, before: Draft) -> None:
    """What was chosen, the photo's bytes and the address are there; nothing is stored, nobody is written to."""
    after = drafts.get(before.id)
    assert after is not None
    assert (after.items, after.delivery, after.ordered) == (before.items, before.delivery, None)
    (photo,) = stash.photos(before.id)
    assert [photo.id] == [item["photo"] for item in before.items]
    assert (photo.state, hashlib.sha256(bytes_of(photo.id)).hexdigest()) == ("ready", photo.sha256)
    assert shop.bucket.keys() == []
    assert shop.mailbox.messages() == []
    assert not Order.objects.exclude(paid_at=None, stored_at=None, name="", email="").exists()


def test_every_failure_is_said_in_the_pages_language_and_the_next_try_pays(
    visitor: Visitor,
    looks_right: Callable[[Page, str], None],
    live_shop: LiveShop,
    wait_until: Callable[..., Any],
) -> None:
    """Declined, insufficient funds, expired card, 3-D Secure refused, cancelled, page expired; C5, C7."""
    page, language = visitor.page, visitor.language
    draft = about_to_pay(page, wait_until, language)
    pay(page, "4000000000000002")
    for number, said in SAID.items():
        enter_card(page, number)
        expect(page.get_by_role("alert")).to_contain_text(said[language])
        left_intact(live_shop, draft)
    enter_card(page, CHALLENGED)
    page.locator("button[value=fail]").click()
    expect(page.get_by_role("alert")).to_contain_text(NOT_AUTHENTICATED[language])
    left_intact(live_shop, draft)
    hosted = page.url
    page.locator("a.back").click()
    page.wait_for_url("**/review/**")
    expect(page.locator("main")).to_contain_text(in_words(language, CANCELLED))
    looks_right(page, "cancelled")
    left_intact(live_shop, draft)
    live_shop.sandbox.call(f"sessions/{PaymentAttempt.objects.get().session_id}/expire")
    page.goto(hosted)
    expect(page.get_by_role("status")).to_contain_text(CLOSED[language])
    page.locator("a.button").click()
    page.wait_for_url("**/review/**")
    wait_until(Order.objects.filter(state="expired").exists, what="the order to expire")
    left_intact(live_shop, draft)
    pay(page)
    page.wait_for_url(re.compile("/orders/PO-"))
    wait_until(Order.objects.filter(state="paid").exists, what="the order to be paid")
    assert sorted(PaymentAttempt.objects.values_list("state", flat=True)) == ["canceled", "confirmed"]
    assert sorted(Order.objects.values_list("state", flat=True)) == ["expired", "paid"]
