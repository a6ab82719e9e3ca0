"""The review while the last photo is still being looked at."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from orders import drafts
from orders.models import Order
from orders.tests import visitors
from tests.browser.visits import ON_PHONE_AND_DESKTOP, carry, in_words
from uploads import stash

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@ON_PHONE_AND_DESKTOP
def test_the_review_can_be_paid_as_soon_as_the_last_photo_has_been_looked_at(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], live_shop: Any, size: str, language: str
) -> None:
    """By itself; what was ticked, and the place of the keyboard, stay."""
    draft = drafts.create(language=language)
    photo = visitors.photo(draft, state="checking")
    drafts.set_delivery(drafts.set_items(draft, [visitors.row(photo, 2)]), visitors.PICKUP)
    page = shop_page(size, language)
    carry(page, draft)
    page.goto("/review/")
    button, terms = page.locator("form.pay button"), page.locator("[name=accept_terms]")
    expect(button).to_be_disabled()
    terms.check()
    looks_right(page, "waiting")
    stash.mark_ready(draft.id, photo.id, width=1800, height=1200)
    expect(button).to_be_enabled()
    expect(terms).to_be_checked()
    expect(terms).to_be_focused()
    expect(page.locator("form.pay .notice")).to_have_count(0)
    said = in_words(language, "All photos have been looked at.")
    expect(page.locator("main").get_by_role("status")).to_have_text(said)
    looks_right(page, "ready")
    button.click()
    page.wait_for_url(re.compile(re.escape(settings.STRIPE_API_BASE)))
    assert Order.objects.get().total_cents == 70
