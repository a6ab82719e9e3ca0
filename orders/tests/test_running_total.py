"""The sum that the first page keeps in sight: delivery, IVA, tiers and what is lacking, worked out by the server (C1)."""

import dataclasses

import pytest
from django.test import Client
from django.utils import translation

from orders import basket, catalogue, drafts
from orders.drafts import Draft
from orders.models import Coupon, ShopSettings
from orders.tests import visitors

pytestmark = pytest.mark.django_db


def chosen(quantity: int) -> Draft:
    catalogue.install_default_catalogue()
    draft = drafts.create(language="pt")
    return drafts.set_items(draft, [visitors.row(visitors.photo(draft), quantity)])


def said(draft: Draft, language: str = "pt") -> dict[str, str]:
    with translation.override(language):
        words = basket.load(draft).running_total
    return {name: text.replace("\u00a0", " ") for name, text in words.items()}


def test_while_nobody_knows_where_it_goes_the_cheapest_post_is_counted() -> None:
    """A5: said as "from"; the API's totals, which count nothing that is not known, stay as they are."""
    draft = chosen(2)
    assert said(draft) == {
        "sum": "4,60 €",
        "count": "2 impressões",
        "detail": "com portes desde 3,90 € · IVA incluído: 0,86 €",
        "hint": "",
    }
    assert said(draft, "en")["detail"] == "with delivery from €3.90 · VAT (IVA) included: €0.86"
    assert basket.load(draft).totals.total_cents == 70


def test_an_island_and_pickup_are_counted_as_they_are() -> None:
    draft = chosen(2)
    draft.delivery, draft.address = {"method": "post"}, {"zone": "madeira"}
    assert (said(draft)["sum"], said(draft)["detail"]) == ("7,60 €", "com portes de 6,90 € · IVA incluído: 1,42 €")
    draft.delivery, draft.address = {"method": "pickup"}, {"zone": ""}
    assert (said(draft)["sum"], said(draft)["detail"]) == ("0,70 €", "levantamento grátis · IVA incluído: 0,13 €")


@pytest.mark.parametrize(
    ("quantity", "hint", "delivery"),
    [
        (1, "Faltam 0,15 € para a encomenda mínima.", "com portes desde 3,90 €"),
        (2, "Faltam 1,30 € para portes grátis.", "com portes desde 3,90 €"),
        (6, "", "portes grátis"),
    ],
)
def test_what_is_lacking_is_said_while_there_is_time(quantity: int, hint: str, delivery: str) -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"minimum_order_cents": 50, "free_shipping_from_cents": 200})
    words = said(chosen(quantity))
    assert words["hint"] == hint
    assert words["detail"].startswith(delivery)


def test_what_is_lacking_for_the_least_that_stripe_charges_is_said_on_page_and_review(client: Client) -> None:
    """C31: where the shop itself asks for no minimum. With one of its own, the larger of both is said."""
    draft = visitors.draft_of(client)
    catalogue.install_default_catalogue()
    draft = drafts.set_items(draft, [visitors.row(visitors.photo(draft))])
    assert said(draft)["hint"] == ""
    draft = drafts.set_delivery(draft, visitors.PICKUP)
    told = "Faltam 0,15 € para a encomenda mínima."
    assert said(draft)["hint"] == told
    assert f"data-hint>{told}<" in client.get("/").content.decode().replace("\u00a0", " ")
    review = client.get("/review/").content.decode().replace("\u00a0", " ")
    assert told in review
    assert '<button type="submit" class="button wide" disabled>' in review
    ShopSettings.objects.update_or_create(pk=1, defaults={"minimum_order_cents": 40})
    assert said(draft)["hint"] == told
    ShopSettings.objects.update(minimum_order_cents=60)
    assert said(draft)["hint"] == "Faltam 0,25 € para a encomenda mínima."


def test_a_code_is_taken_off_the_estimate_too() -> None:
    Coupon.objects.create(code="MENOS", kind="percent", percent=50)
    draft = dataclasses.replace(chosen(2), coupon="MENOS")
    assert said(draft)["sum"] == "4,25 €"
    assert said(draft)["detail"] == "com portes desde 3,90 € · código −0,35 € · IVA incluído: 0,79 €"
    Coupon.objects.create(code="PORTES", kind="free_shipping")
    assert said(dataclasses.replace(draft, coupon="PORTES"))["sum"] == "0,70 €"


def test_without_a_script_photos_that_were_just_uploaded_are_priced_as_the_form_shows_them(client: Client) -> None:
    """The rows are the page's proposal: nothing is saved by looking."""
    catalogue.install_default_catalogue()
    draft = visitors.draft_of(client)
    for _photo in range(2):
        visitors.photo(draft)
    visitors.photo(draft, state="broken")
    page = client.get("/").content.decode().replace("\u00a0", " ")
    assert '<span class="sum" data-sum>4,60 €</span>' in page
    assert "<span data-count>2 impressões</span>" in page
    assert page.count("data-unsaved") == 4  # also the hidden ones of the broken photo and of the script's template
    assert page.count("a partir de 50: 0,29 € · 100: 0,25 € · 300: 0,19 €") >= 2
    assert client.get("/api/v1/drafts/current/").json()["items"] == []
