"""Address look-ups that cost a call of Google's are limited, clearly and with nothing lost (C63, A2, A3)."""

import html
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from addresses.tests.conftest import Google
from orders import drafts, limits
from orders.tests import visitors

PAGE, API = "/delivery/", "/api/v1/drafts/current/delivery/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_look_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESSES", limits.Limit("address", visitor=3, address=100, seconds=600))


def address(number: int) -> dict[str, Any]:
    return visitors.POST | {"street": f"Rua Augusta {number}", "extra": f"porta {number}"}


def save(client: Client, fields: dict[str, Any]) -> Any:
    return client.post(PAGE, fields)


@pytest.mark.parametrize("language", ["pt", "en"])
def test_the_fourth_new_address_is_refused_in_the_customers_language_and_nothing_is_lost(
    client: Client, google_server: Google, language: str
) -> None:
    """C63: Google is not asked, what was typed stands in the form, the address of before stays."""
    draft = visitors.draft_of(client)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    assert [save(client, address(number)).status_code for number in (100, 101, 102)] == [302, 302, 302]
    refused = save(client, address(103))
    with translation.override(language):
        sentence = html.escape(str(limits.TooOften.detail))
    page = refused.content.decode()
    assert (refused.status_code, sentence in page, "porta 103" in page) == (429, True, True)
    assert 0 < int(refused["Retry-After"]) <= 600
    assert len(google_server.queries) == 3
    kept = drafts.get(draft.id)
    assert kept is not None
    assert kept.delivery is not None
    assert kept.typed is not None
    assert (kept.delivery["street"], kept.typed["street"]) == ("Rua Augusta 102", "Rua Augusta 103")


def test_the_api_answers_429_with_retry_after(google_server: Google) -> None:
    client = visitors.Browser()
    visitors.draft_of(client)
    client.get("/api/v1/drafts/current/")
    for number in (100, 101, 102):
        assert client.put(API, address(number), content_type="application/json").status_code == 200
    refused = client.put(API, address(103), content_type="application/json")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "too_many_tries")
    assert 0 < int(refused["Retry-After"]) <= 600
    assert len(google_server.queries) == 3


def test_what_costs_nothing_is_not_counted(client: Client, google_server: Google) -> None:
    """A2, A3: an address that is known, one that is no address, pickup, and a call that failed."""
    visitors.draft_of(client)
    for _turn in range(5):
        assert save(client, address(100)).status_code == 302
        assert save(client, address(100) | {"postal_code": "0"}).status_code == 422
        assert save(client, visitors.PICKUP).status_code == 302
    assert len(google_server.queries) == 1
    google_server.answers("OVER_QUERY_LIMIT")
    assert {save(client, address(number)).status_code for number in range(200, 204)} == {503}
    google_server.finds()
    assert [save(client, address(number)).status_code for number in (300, 301, 302)] == [422, 422, 429]


def test_visitors_share_an_internet_address_up_to_its_own_limit(
    google_server: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ADDRESSES", limits.Limit("address", visitor=3, address=4, seconds=600))
    first, second = Client(), Client()
    visitors.draft_of(first)
    visitors.draft_of(second)
    assert [save(first, address(number)).status_code for number in (1, 2, 3, 4)] == [302, 302, 302, 429]
    assert [save(second, address(number)).status_code for number in (5, 6)] == [302, 429]
