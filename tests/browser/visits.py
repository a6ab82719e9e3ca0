"""Visitors who are already in the middle of it: a draft that is ready to be paid for, an order that was paid at the stand-in."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import pytest
import requests
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page

from local.fixtures import LiveShop
from orders import drafts
from orders.drafts import Draft
from orders.models import Order
from orders.tests import visitors
from orders.tests.paid_orders import jpeg
from payments.services import start_checkout
from uploads import stash
from uploads.receive import receive

Wait = Callable[..., Any]
ON_PHONE_AND_DESKTOP = pytest.mark.parametrize(("size", "language"), [("phone", "pt"), ("desktop", "en")])
GOOD_CARD = "4242424242424242"


class Visitor(NamedTuple):
    """Somebody before the shop, by the fixture `visitor`: on a phone in Portuguese, or at a desk in English without scripts."""

    page: Page
    language: str
    javascript: bool


def in_words(language: str, text: str) -> str:
    """What a page in that language says for the English text, which must have been translated."""
    with translation.override(language):
        said = gettext(text)
        if said == text:  # {% translate %} looks for what it holds with its percent signs doubled
            said = gettext(text.replace("%", "%%")).replace("%%", "%")
    assert (said == text) is (language == "en"), text
    return said


def prepared(
    wait_until: Wait,
    *,
    language: str = "pt",
    delivery: Mapping[str, str] = visitors.PICKUP,
    seed: int = 1,
    picture: bytes = b"",
) -> Draft:
    """A photo that the worker has looked at, printed twice for 70 cents; where it goes is known."""
    draft = drafts.create(language=language)
    photo = receive(draft.id, [picture or jpeg(seed=seed)], filename="praia.jpg").photo

    def looked_at() -> bool:
        found = stash.get(draft.id, photo.id)
        return found is not None and found.state == "ready"

    wait_until(looked_at, seconds=60, what="the photo to be looked at")
    drafts.set_items(draft, [visitors.row(photo, 2)])
    return drafts.set_delivery(draft, {**delivery, "language": language})


def carry(page: Page, draft: Draft) -> None:
    """The page's visitor is the one whose draft it is."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": settings.SITE_URL}]
    )


def about_to_pay(page: Page, wait_until: Wait, language: str) -> Draft:
    """The page's visitor is at the review of such a draft."""
    draft = prepared(wait_until, language=language)
    carry(page, draft)
    page.goto("/review/")
    return draft


def enter_card(page: Page, number: str = GOOD_CARD) -> None:
    """Pays at the stand-in's page."""
    for name, value in {"number": number, "expiry": "12/34", "cvc": "123", "name": "ANA SA"}.items():
        page.fill(f"[name={name}]", value)
    page.locator("button[value=card]").click()


def bought(shop: LiveShop, wait_until: Wait, *, language: str = "pt", picture: bytes = b"") -> Order:
    """An order that was paid by card, its photo and print in S3."""
    order = start_checkout(
        prepared(wait_until, language=language, picture=picture), language=language, terms=True
    ).order
    shop.sandbox.call(f"sessions/{order.attempts.get().session_id}/pay", card=GOOD_CARD)
    stored = Order.objects.filter(pk=order.pk, stored_at__isnull=False)
    return wait_until(stored.first, seconds=60, what="the order to be paid and stored")  # type: ignore[no-any-return]  # the condition's answer


def at_stripe(shop: LiveShop, kind: str) -> list[dict[str, Any]]:
    """The stand-in's objects of that kind, such as refund or checkout.session."""
    answer = requests.get(f"{shop.sandbox.url}/sandbox/objects/{kind}", timeout=30)
    return list(answer.json())
