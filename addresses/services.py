"""Whether an address exists in Portugal, as Google sees it: rules A1 to A3."""

import dataclasses
import json
import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, TypedDict

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from addresses import google
from outbox.services import enqueue

WARN_EVERY_SECONDS = 3600
MAX_CANDIDATES = 8

Asking = Callable[[], AbstractContextManager[object]]

log = structlog.get_logger(__name__)


class Suggestion(TypedDict):
    street: str
    postal_code: str
    city: str


class Candidate(Suggestion):
    formatted_address: str
    place_id: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """An address that may be used. `suggested` ones need the customer's word; `flagged` ones nobody could check."""

    kind: Literal["confirmed", "suggested"]
    formatted_address: str
    place_id: str
    suggestion: Suggestion | None = None
    flagged: bool = False


class AddressError(Exception):
    """A refusal that the customer is told about: stable code, HTTP status, translated sentence, extra keys."""

    status = 422
    code = "address_not_found"
    detail: StrOrPromise = ""

    def __init__(self, **extra: object) -> None:
        self.extra: dict[str, object] = extra
        super().__init__(self.code)


class AddressNotFound(AddressError):
    detail = _("We could not find this address. Please check the street, the door number and the postal code.")


class AddressAmbiguous(AddressError):
    code = "address_ambiguous"
    detail = _("Several addresses match. Please choose one, or add the door number and the postal code.")

    def __init__(self, candidates: list[Candidate]) -> None:
        super().__init__(candidates=candidates)
        self.candidates = candidates


class AddressNotInPortugal(AddressError):
    code = "address_not_in_portugal"
    detail = _("This address is not in Portugal. We deliver in Portugal only: please enter an address there.")


class AddressServiceUnavailable(AddressError):
    status = 503
    code = "address_service_unavailable"
    detail = _("We cannot check addresses at the moment. Nothing was lost: please try again in a few minutes.")


def validate(
    street: str, extra: str, postal_code: str, city: str, *, place_id: str = "", asking: Asking = nullcontext
) -> Verdict:
    """The verdict on an address whose postal code has been checked; `place_id` picks one of several candidates. `asking`
    is entered around a call of Google's, not where the answer is known, and may refuse it by raising.

    `extra` (door, floor) stays here: it would only confuse the search. Raises AddressNotFound, AddressAmbiguous,
    AddressNotInPortugal, AddressServiceUnavailable.
    """
    try:
        places = _places(f"{street}, {postal_code} {city}", _cache_key(street, postal_code, city), asking)
    except google.GoogleError as error:
        return _outage(error)
    return judge(places, postal_code, place_id)


def locality(postal_code: str) -> str:
    """The town of a postal code (NNNN-NNN) in Portugal, to be proposed; "" where none or several are known.

    A proposal may be missing: an outage is neither raised nor cached, and the owner is not warned of it.
    """
    try:
        places = _places(postal_code, _cache_key("locality", postal_code))
    except google.GoogleError as error:
        log.info("locality_not_found_out", reason=error.reason)
        return ""
    towns = {place.city for place in places if place.country == "PT" and place.postal_code == postal_code}
    return towns.pop() if len(towns) == 1 else ""


def _places(query: str, key: str, asking: Asking = nullcontext) -> list[google.Place]:
    """What Google finds, asked once a day (A2). Raises GoogleError."""
    cached = cache.get(key)
    if cached is not None:
        return [google.Place(**fields) for fields in json.loads(cached)]
    with asking():
        places = google.geocode(query)
    cache.set(key, json.dumps([dataclasses.asdict(place) for place in places]), settings.ADDRESS_CACHE_SECONDS)
    return places


def judge(places: list[google.Place], postal_code: str, place_id: str = "") -> Verdict:
    """A1: one street-level result in Portugal is accepted; none, several or elsewhere are refused."""
    unique = list({place.place_id: place for place in places}.values())
    if not unique:
        raise AddressNotFound
    portuguese = [place for place in unique if place.country == "PT"]
    if not portuguese:
        raise AddressNotInPortugal
    precise = [place for place in portuguese if place.street_level]
    if not precise:
        raise AddressNotFound
    chosen = [place for place in precise if place.place_id == place_id] or precise
    if len(chosen) > 1:
        raise AddressAmbiguous([_candidate(place) for place in chosen[:MAX_CANDIDATES]])
    return _verdict(chosen[0], postal_code)


def normalise(text: str) -> str:
    """Case, accents and runs of spaces or commas do not matter (A2)."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).replace(",", " ").split())


def _verdict(place: google.Place, postal_code: str) -> Verdict:
    """Google's partial matches, and places with another postal code than the one given, are for the customer to confirm."""
    elsewhere = bool(place.postal_code) and not postal_code.startswith(place.postal_code)
    if not place.partial_match and not elsewhere:
        return Verdict("confirmed", place.formatted_address, place.place_id)
    return Verdict("suggested", place.formatted_address, place.place_id, _suggestion(place))


def _suggestion(place: google.Place) -> Suggestion:
    return {
        "street": " ".join(part for part in (place.route, place.street_number) if part),
        "postal_code": place.postal_code,
        "city": place.city,
    }


def _candidate(place: google.Place) -> Candidate:
    return {**_suggestion(place), "formatted_address": place.formatted_address, "place_id": place.place_id}


def _cache_key(*parts: str) -> str:
    query = "|".join(normalise(part) for part in parts)
    return "address:" + salted_hmac("addresses.cache", query, algorithm="sha256").hexdigest()


def _outage(error: google.GoogleError) -> Verdict:
    """A3: the owner is warned, at most once an hour; by ADDRESS_OUTAGE_POLICY the order goes on, flagged."""
    log.warning("address_service_unavailable", reason=error.reason)
    if cache.add("address-outage-warned", 1, WARN_EVERY_SECONDS):
        at = f"{timezone.now():%Y%m%d%H%M%S}"
        with transaction.atomic():
            enqueue(
                "addresses.warn_owner",
                key=f"address-outage:{at}",
                queue="mail",
                payload={"reason": error.reason, "at": at},
            )
    if settings.ADDRESS_OUTAGE_POLICY == "flag":
        return Verdict("confirmed", "", "", flagged=True)
    raise AddressServiceUnavailable from error
