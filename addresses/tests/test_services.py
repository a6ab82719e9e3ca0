"""A1 to A3: which addresses are accepted, what is cached, and what happens when Google does not answer."""

import time
import traceback
from typing import Any

import pytest
from django.core.cache import cache

from addresses import google, services
from addresses.services import (
    AddressAmbiguous,
    AddressNotFound,
    AddressNotInPortugal,
    AddressServiceUnavailable,
    Verdict,
    validate,
)
from addresses.tests.conftest import Google, place
from local.fixtures import Mailbox
from outbox.models import OutboxMessage
from outbox.tasks import run_message

AUGUSTA = ("Rua Augusta 100", "3.º Esq.", "1100-053", "Lisboa")


def test_one_result_in_portugal_is_accepted(google_server: Google) -> None:
    """A1. The door and floor stay here; nobody's name is sent."""
    assert validate(*AUGUSTA) == Verdict("confirmed", "R. Augusta 100, 1100-053 Lisboa, Portugal", "place-augusta-100")
    assert google_server.queries == ["Rua Augusta 100, 1100-053 Lisboa"]


def test_no_result_is_refused(google_server: Google) -> None:
    google_server.finds()
    with pytest.raises(AddressNotFound):
        validate(*AUGUSTA)


def test_a_town_without_the_street_is_refused(google_server: Google) -> None:
    """A1: precise enough means street level."""
    google_server.finds(place(types=["locality", "political"], partial_match=True))
    with pytest.raises(AddressNotFound):
        validate(*AUGUSTA)


def test_a_result_in_spain_is_refused_whatever_the_postal_code_says(google_server: Google) -> None:
    google_server.finds(place(country="ES", city="Madrid"))
    with pytest.raises(AddressNotInPortugal):
        validate("Calle Mayor 1", "", "1100-053", "Madrid")


def test_several_results_are_refused_with_what_to_choose_from(google_server: Google) -> None:
    google_server.finds(
        place(route="Rua da Igreja", number="1", postal_code="4000-001", city="Porto", place_id="a"),
        place(route="Rua da Igreja", number="1", postal_code="4700-001", city="Braga", place_id="b"),
    )
    with pytest.raises(AddressAmbiguous) as refusal:
        validate("Rua da Igreja 1", "", "4000-001", "Porto")
    assert [candidate["city"] for candidate in refusal.value.candidates] == ["Porto", "Braga"]
    assert refusal.value.candidates[0]["street"] == "Rua da Igreja 1"
    assert refusal.value.extra == {"candidates": refusal.value.candidates}


def test_a_candidate_that_the_customer_picked_is_accepted(google_server: Google) -> None:
    google_server.finds(place(place_id="a"), place(place_id="b", formatted_address="the other"))
    assert validate(*AUGUSTA, place_id="b") == Verdict("confirmed", "the other", "b")
    with pytest.raises(AddressAmbiguous):
        validate(*AUGUSTA, place_id="made-up")


def test_a_partial_match_is_shown_for_confirmation(google_server: Google) -> None:
    google_server.finds(place(partial_match=True))
    verdict = validate(*AUGUSTA)
    assert verdict.kind == "suggested"
    assert verdict.suggestion == {"street": "Rua Augusta 100", "postal_code": "1100-053", "city": "Lisboa"}


def test_a_place_with_another_postal_code_is_shown_for_confirmation(google_server: Google) -> None:
    google_server.finds(place(postal_code="9000-001", city="Funchal"))
    assert validate(*AUGUSTA).kind == "suggested"


def test_the_same_query_in_another_dress_asks_google_once(google_server: Google) -> None:
    """A2: case, spaces and accents do not matter, and neither do refusals: they are definite answers too."""
    validate("Rua Conceição 1", "", "1100-053", "Lisboa")
    validate("  RUA   conceicao 1", "2.º", "1100-053", "LISBOA")
    assert len(google_server.queries) == 1
    google_server.finds()
    for _again in range(2):
        with pytest.raises(AddressNotFound):
            validate("Rua Que Não Existe 1", "", "1100-053", "Lisboa")
    assert len(google_server.queries) == 2


def test_the_cache_holds_no_address_in_its_keys(google_server: Google) -> None:
    validate(*AUGUSTA)
    keys = [key for key in cache.keys("*") if key.startswith("address:")]  # type: ignore[attr-defined]  # django-redis has it
    assert len(keys) == 1
    assert "augusta" not in keys[0].lower()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "reason"),
    [("OVER_QUERY_LIMIT", "over_quota"), ("REQUEST_DENIED", "refused_key"), ("UNKNOWN_ERROR", "unavailable")],
)
def test_an_outage_is_told_apart_and_never_cached(google_server: Google, status: str, reason: str) -> None:
    """A2, A3: the next customer is not refused because of it."""
    google_server.answers(status)
    with pytest.raises(AddressServiceUnavailable):
        validate(*AUGUSTA)
    assert OutboxMessage.objects.get(task="addresses.warn_owner").payload["reason"] == reason
    google_server.finds(place())
    assert validate(*AUGUSTA).kind == "confirmed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw", [b"<html>no</html>", b"[]", b'{"status": "OK", "results": [{}]}', b'{"results": 1}', b"\xff"]
)
def test_nonsense_counts_as_an_outage(google_server: Google, raw: bytes) -> None:
    google_server.raw = raw
    with pytest.raises(AddressServiceUnavailable):
        validate(*AUGUSTA)
    assert OutboxMessage.objects.get().payload["reason"] == "nonsense"


@pytest.mark.django_db
def test_a_slow_google_is_given_up_in_time(google_server: Google) -> None:
    """A3: the deadline is GOOGLE_TIMEOUT_SECONDS, here 1."""
    google_server.delay = 3
    started = time.monotonic()
    with pytest.raises(AddressServiceUnavailable):
        validate(*AUGUSTA)
    assert time.monotonic() - started < 1.5


@pytest.mark.django_db
def test_after_five_failures_google_is_left_alone_for_a_while(google_server: Google) -> None:
    google_server.raw = b"nonsense"
    for _attempt in range(7):
        with pytest.raises(AddressServiceUnavailable):
            validate(*AUGUSTA)
    assert len(google_server.queries) == google.BREAKER_FAILURES


@pytest.mark.django_db
def test_addresses_that_do_not_exist_do_not_open_the_breaker(google_server: Google) -> None:
    google_server.finds()
    for number in range(7):
        with pytest.raises(AddressNotFound):
            validate(f"Rua {number}", "", "1100-053", "Lisboa")
    assert len(google_server.queries) == 7


@pytest.mark.django_db
def test_by_policy_an_order_goes_on_flagged(google_server: Google, settings: Any) -> None:
    """A3: ADDRESS_OUTAGE_POLICY=flag."""
    settings.ADDRESS_OUTAGE_POLICY = "flag"
    google_server.answers("OVER_QUERY_LIMIT")
    assert validate(*AUGUSTA) == Verdict("confirmed", "", "", None, flagged=True)


@pytest.mark.django_db
def test_without_a_key_google_is_not_asked(google_server: Google, settings: Any) -> None:
    settings.GOOGLE_MAPS_API_KEY = ""
    with pytest.raises(AddressServiceUnavailable):
        validate(*AUGUSTA)
    assert google_server.queries == []


@pytest.mark.django_db(transaction=True)
def test_the_owner_is_warned_once_an_hour(google_server: Google, mailbox: Mailbox, settings: Any) -> None:
    """A3. The mail says why, and what it means for customers."""
    google_server.answers("REQUEST_DENIED")
    for _again in range(3):
        with pytest.raises(AddressServiceUnavailable):
            validate(*AUGUSTA)
    message = OutboxMessage.objects.get()
    from addresses.tasks import send_warning

    run_message(message.pk, send_warning)
    (sent,) = mailbox.messages()
    assert sent["To"] == settings.OWNER_EMAIL
    assert "refused_key" in sent.get_content()
    assert "augusta" not in sent.get_content().lower()


def test_normalising_forgets_case_accents_and_spaces() -> None:
    assert services.normalise("  Praça   da FIGUEIRA,1 ") == "praca da figueira 1"


def test_a_traceback_of_an_outage_quotes_neither_address_nor_key(google_server: Google, settings: Any) -> None:
    """C61: requests' own errors hold the whole URL."""
    settings.GOOGLE_MAPS_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(google.GoogleUnavailable) as error:
        google.geocode(AUGUSTA[0])
    text = "".join(traceback.format_exception(error.value))
    assert "Augusta" not in text
    assert "AIza" not in text
