"""Addresses that Google sees differently: candidates to choose from, a correction to take or refuse (A1); towns proposed."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from orders import drafts
from orders.drafts import Draft
from orders.models import Order, ShippingZone
from tests.browser.test_purchase import LISBON, fill_delivery
from tests.browser.visits import ON_PHONE_AND_DESKTOP, carry, in_words, prepared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

# Three streets of that name lie in the municipality, and no postal code of theirs was written.
SINTRA = LISBON | {"street": "Rua da Escola Primária 5", "postal_code": "2710-999", "city": "Sintra"}
FUNCHAL = LISBON | {"street": "Rua de Santa Maria 10", "postal_code": "9000-411", "city": "Funchal"}
MISSPELT = LISBON | {"street": "Rua Augsuta", "door": "100"}


def at_delivery(page: Page, wait_until: Callable[..., Any], language: str) -> Draft:
    """The page's visitor has chosen prints, and comes to the empty form."""
    draft = prepared(wait_until, language=language)
    drafts.update(draft.id, lambda newest: setattr(newest, "delivery", None))
    carry(page, draft)
    page.goto("/delivery/")
    return draft


@ON_PHONE_AND_DESKTOP
def test_one_of_several_addresses_is_chosen(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
) -> None:
    page = shop_page(size, language)
    at_delivery(page, wait_until, language)
    fill_delivery(page, **SINTRA)
    choices = page.locator("[name=candidate]")
    expect(choices).to_have_count(3)
    expect(page.locator("#id_street")).to_have_value(SINTRA["street"])
    looks_right(page, "candidates")
    with page.expect_event("load"):
        page.get_by_role("button", name=in_words(language, "Use the chosen one")).click()
    expect(choices).to_have_count(3)  # none was chosen, and none is guessed
    page.locator(".option", has_text="Rio de Mouro").click()
    page.get_by_role("button", name=in_words(language, "Use the chosen one")).click()
    page.wait_for_url("**/review/")
    expect(page.locator("address").first).to_contain_text("2635-417")
    expect(page.locator("address").first).to_contain_text("Rio de Mouro")


@ON_PHONE_AND_DESKTOP
def test_a_madrid_address_is_refused_and_all_that_was_typed_stays(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
) -> None:
    """A1: the refusal says what to change; nothing typed is lost, nobody reaches the review."""
    page = shop_page(size, language)
    at_delivery(page, wait_until, language)
    madrid = LISBON | {"street": "Calle Mayor 1", "postal_code": "1100-053", "city": "Madrid"}
    fill_delivery(page, **madrid)
    not_here = "This address is not in Portugal. We deliver in Portugal only: please enter an address there."
    expect(page.locator("#address-problem h2")).to_have_text(in_words(language, not_here))
    expect(page.locator("#address-problem")).to_be_focused()
    for name, value in madrid.items():
        expect(page.locator(f"#id_{name}")).to_have_value(value)
    looks_right(page, "refused")
    page.goto("/review/")
    page.wait_for_url("**/delivery/")
    assert Order.objects.count() == 0


@pytest.mark.parametrize("taken", [True, False], ids=["use-this", "mine-is-right"])
@ON_PHONE_AND_DESKTOP
def test_a_correction_is_taken_or_refused(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
    taken: bool,
) -> None:
    """A1: a partial match is shown for confirmation; the customer's own word is followed, and flagged."""
    page = shop_page(size, language)
    at_delivery(page, wait_until, language)
    fill_delivery(page, **MISSPELT)
    expect(page.locator("#address-problem")).to_contain_text(f"{in_words(language, 'Did you mean:')} R. Augusta 100")
    page.goto("/review/")
    page.wait_for_url("**/delivery/")
    looks_right(page, "suggestion")
    expect(page.locator("#id_street")).to_have_value("Rua Augsuta")
    expect(page.locator("#id_door")).to_have_value("100")
    page.get_by_role("button", name=in_words(language, "Use this address" if taken else "Mine is right")).click()
    page.wait_for_url("**/review/")
    expect(page.locator("main")).to_contain_text("Rua Augusta 100" if taken else "Rua Augsuta 100")
    expect(page.locator(".notice.warn")).to_have_count(0 if taken else 1)


@pytest.mark.parametrize(("size", "language", "note"), [("phone", "pt", "Pelo código postal"), ("desktop", "en", "From the postal code")])  # fmt: skip
def test_the_town_is_proposed_by_the_postal_code_and_what_was_typed_stays(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
    note: str,
) -> None:
    page = shop_page(size, language)
    at_delivery(page, wait_until, language)
    code, city = page.locator("#id_postal_code"), page.locator("#id_city")
    said = page.locator(".field", has=city).get_by_role("status")
    page.route("**/delivery/locality/", lambda route: route.abort("connectionreset"), times=1)
    code.press_sequentially("1100-05")
    expect(city).to_have_value("")
    code.press("3")
    page.wait_for_timeout(300)
    expect(city).to_have_value("")
    code.press("Backspace")
    code.press("3")
    expect(city).to_have_value("Lisboa")
    expect(said).to_contain_text(note)
    looks_right(page, "proposed")
    code.fill("9000-411")
    expect(city).to_have_value("Funchal")
    held: list[Route] = []
    page.route("**/delivery/locality/", lambda route: held.append(route), times=1)
    with page.expect_request("**/delivery/locality/"):
        code.fill("1100-053")
    city.focus()
    held[0].continue_()
    expect(city).to_have_value("Lisboa")
    page.keyboard.type("Funchal")  # over what came while the customer was already in the field
    expect(city).to_have_value("Funchal")
    city.fill("Funchal, Monte")
    expect(said).to_have_text("")
    with page.expect_response("**/delivery/") as sent:
        code.fill("1100-053")
        page.locator("main form p.actions > button.button").last.click()
    assert "city=Funchal%2C+Monte" in (sent.value.request.post_data or "")


@pytest.mark.parametrize(("size", "language", "other"), [("phone", "pt", "en"), ("desktop", "en", "pt")])
def test_a_half_typed_form_outlives_the_other_language_and_the_way_back(
    shop_page: Callable[..., Page], wait_until: Callable[..., Any], size: str, language: str, other: str
) -> None:
    """U5: in this tab alone; once sent, the server's word holds."""
    page = shop_page(size, language)
    draft = at_delivery(page, wait_until, language)
    half = {"name": "Ana Sá", "email": "ana@example.com", "street": "Rua Augusta", "note": "Com cuidado\nobrigada"}
    for name, value in half.items():
        page.fill(f"#id_{name}", value)
    page.locator(".option", has=page.locator("[value=pickup]")).click()
    page.locator(f".languages [value={other}]").click()
    expect(page.locator("html")).to_have_attribute("lang", "pt-PT" if other == "pt" else "en")
    back = page.get_by_role("link", name=in_words(other, "Back to the photos"))
    for way in (back, page.locator(".steps").get_by_role("link", name=in_words(other, "Photos"))):
        for name, value in half.items():
            expect(page.locator(f"#id_{name}")).to_have_value(value)
        expect(page.locator("[name=method][value=pickup]")).to_be_checked()
        way.click()
        page.locator("button[name=next]").click()
        page.wait_for_url("**/delivery/")
    kept = drafts.get(draft.id)
    assert kept
    assert (kept.delivery, kept.typed) == (None, None)
    page.locator("main form p.actions > button.button").last.click()
    page.wait_for_url("**/review/")
    assert page.evaluate("sessionStorage.getItem('delivery-typed')") is None
    page.goto("/delivery/")
    expect(page.locator("#id_name")).to_have_value("Ana Sá")
    expect(page.locator("#id_street")).to_have_value("")


@pytest.mark.parametrize(("size", "language", "javascript"), [("phone", "pt", True), ("desktop", "en", False)])
def test_an_island_costs_its_own_postage_and_pickup_nothing(
    shop_page: Callable[..., Page],
    looks_right: Callable[[Page, str], None],
    wait_until: Callable[..., Any],
    size: str,
    language: str,
    javascript: bool,
) -> None:
    """A5: the zone is read from the postal code; whoever picks up needs no address."""
    page = shop_page(size, language, javascript=javascript)
    draft = prepared(wait_until, language=language)
    carry(page, draft)
    page.goto("/delivery/")
    page.locator(".option", has=page.locator("[value=post]")).click()
    fill_delivery(page, **FUNCHAL)
    page.wait_for_url("**/review/")
    madeira = ShippingZone.objects.get(code="madeira").price_cents
    totals = page.locator(".totals")
    price = f"{madeira / 100:.2f}" if language == "en" else f"{madeira / 100:.2f}".replace(".", ",")
    expect(totals).to_contain_text(price)
    expect(page.locator("main")).to_contain_text("it arrives between" if language == "en" else "chega entre")
    page.goto("/delivery/")
    expect(page.locator("#id_city")).to_have_value("Funchal")
    page.locator(".option", has=page.locator("[value=pickup]")).click()
    looks_right(page, "pickup")
    page.locator("main form p.actions > button.button").last.click()
    page.wait_for_url("**/review/")
    expect(totals).not_to_contain_text(price)
    expect(page.locator("address").first).to_contain_text("Rua do Norte 12")
    kept = drafts.get(draft.id)
    assert kept
    assert kept.delivery
    assert (kept.delivery["method"], kept.delivery["street"]) == ("pickup", "")
    assert not Order.objects.exists()
