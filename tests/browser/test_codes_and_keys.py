"""Codes, sums that free or forbid, fields that are wrong, and the whole way with the keyboard alone."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from orders.models import Coupon, Order, ShopSettings
from orders.tests import visitors
from tests.browser.test_purchase import LISBON, fill_delivery
from tests.browser.visits import ON_PHONE_AND_DESKTOP, Visitor, carry, in_words, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

WRONG = {
    "nif": "A NIF has nine digits, and the last one checks the others. Please check it.",
    "phone": "Please enter a phone number like 912 345 678, or with its country code: +351 912 345 678.",
}
AT_STRIPE = re.compile(re.escape(settings.STRIPE_API_BASE))


def euros(language: str, cents: int) -> str:
    """As the page writes a sum."""
    sum_of = f"{abs(cents) / 100:.2f}"
    return ("−" if cents < 0 else "") + (f"€{sum_of}" if language == "en" else f"{sum_of.replace('.', ',')}\u00a0€")


def test_a_sum_and_the_delivery_are_taken_off_by_code(
    visitor: Visitor, looks_right: Callable[[Page, str], None], wait_until: Callable[..., Any]
) -> None:
    """0,70 € of prints and 3,90 € of delivery; the code is said, and can be taken back."""
    page, language = visitor.page, visitor.language
    carry(page, prepared(wait_until, language=language, delivery=visitors.POST))
    Coupon.objects.create(code="MENOS50", kind="amount", amount_cents=50)
    Coupon.objects.create(code="PORTES", kind="free_shipping")
    page.goto("/review/")
    totals = page.locator(".totals")
    expect(totals.locator("dd.sum")).to_have_text(euros(language, 460))
    for code, off, left in (("menos50", -50, 410), ("Portes", -390, 70)):
        page.fill("#coupon-code", code)
        page.locator("#coupon-code").press("Enter")
        expect(totals).to_contain_text(euros(language, off))
        expect(totals.locator("dd.sum")).to_have_text(euros(language, left))
        looks_right(page, code.lower())
        page.get_by_role("button", name=in_words(language, "Remove code %(code)s") % {"code": code.upper()}).click()
        expect(totals.locator("dd.sum")).to_have_text(euros(language, 460))
    assert not Order.objects.exists()


@ON_PHONE_AND_DESKTOP
def test_the_smallest_order_is_demanded_and_a_large_one_goes_for_nothing(
    shop_page: Callable[..., Page], wait_until: Callable[..., Any], size: str, language: str
) -> None:
    """A5: the first cannot be paid for, the second costs its prints alone."""
    page = shop_page(size, language)
    ShopSettings.objects.update(minimum_order_cents=105, free_shipping_from_cents=105)
    carry(page, prepared(wait_until, language=language, delivery=visitors.POST))
    page.goto("/review/")
    lacking = in_words(language, "%(sum)s more for the smallest order that we take.") % {"sum": euros(language, 35)}
    expect(page.locator("main")).to_contain_text(lacking)
    expect(page.locator("form.pay button")).to_be_disabled()
    page.goto("/")
    expect(page.locator("[data-hint]")).to_have_text(lacking)
    page.locator("[data-photo] [data-field=quantity]").fill("3")
    expect(page.locator("[data-detail]")).to_contain_text(in_words(language, "free delivery"))
    page.locator("button[name=next]").click()
    page.wait_for_url("**/delivery/")
    page.goto("/review/")
    expect(page.locator(".totals dd.sum")).to_have_text(euros(language, 105))
    expect(page.locator("form.pay button")).to_be_enabled()


def test_a_wrong_nif_and_phone_are_said_beside_their_fields(
    visitor: Visitor, looks_right: Callable[[Page, str], None], wait_until: Callable[..., Any]
) -> None:
    """A4: by the check digit; with both put right the customer goes on."""
    page, language = visitor.page, visitor.language
    carry(page, prepared(wait_until, language=language))
    page.goto("/delivery/")
    page.locator(".option", has=page.locator("[value=post]")).click()
    fill_delivery(page, **LISBON, nif="123456780", phone="12")
    for name, why in WRONG.items():
        field = page.locator(f"#id_{name}")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#error-{name}")).to_have_text(in_words(language, why))
        assert f"error-{name}" in (field.get_attribute("aria-describedby") or "")
    if visitor.javascript:
        expect(page.locator("#id_phone")).to_be_focused()
    looks_right(page, "wrong")
    fill_delivery(page, nif="123456789", phone="912 345 678")
    page.wait_for_url("**/review/")
    expect(page.locator("address").first).to_contain_text("123456789")


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Presses Tab until that has the focus, which must show wherever it is not hidden by design."""
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        assert page.evaluate(
            """() => {
                const here = document.activeElement;
                if (!here.matches("a, .button, .link")) return true;
                return getComputedStyle(here).outlineStyle !== "none" || here.matches(".skip");
            }"""
        ), page.evaluate("document.activeElement.outerHTML")
    raise AssertionError(f"{selector} cannot be reached by Tab")


@pytest.mark.parametrize(("size", "language"), [("narrow", "pt"), ("desktop", "en")])
def test_the_whole_way_by_keyboard(
    shop_page: Callable[..., Page], photos: list[Path], size: str, language: str
) -> None:
    """From picking a photo to paying, with Tab, Enter, Space and letters; also zoomed in, to a screen of 320 pixels."""
    page = shop_page(size, language)
    page.on("filechooser", lambda chooser: None)  # Playwright is slow to begin listening, the key is not
    page.goto("/")
    tab_to(page, "#file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(photos[0])
    expect(page.locator('[data-photo][data-state="ready"]')).to_have_count(1)
    tab_to(page, "[data-print] [data-field=quantity]")
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-count]")).to_have_text("2 prints" if language == "en" else "2 impressões")
    page.locator("[data-total-bar]:not(.is-stale)").wait_for()
    tab_to(page, "[data-next]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/delivery/")
    for name, value in (LISBON | {"street": "Rua Augusta", "door": "100"}).items():
        if name == "door":
            continue
        tab_to(page, f"#id_{name}")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(value)
        if name == "street":
            tab_to(page, "#id_door")
            page.keyboard.type("100")
    tab_to(page, "main form p.actions > button.button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/")
    expect(page.locator("address").first).to_contain_text("Rua Augusta 100")
    tab_to(page, "[name=accept_terms]")
    page.keyboard.press("Space")
    tab_to(page, "form.pay button")
    page.keyboard.press("Enter")
    page.wait_for_url(AT_STRIPE)
    assert Order.objects.get().prints == 2
