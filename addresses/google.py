"""Google's Geocoding API: one adapter, time limits, a circuit breaker, named errors. The only importer of googlemaps."""

import concurrent.futures
import dataclasses
import functools
import threading
from collections.abc import Callable
from typing import Any

import googlemaps
import pybreaker
from django.conf import settings
from googlemaps import exceptions

from addresses.metrics import BreakerListener
from outbox.network import refuse_open_transaction

STREET_TYPES = {
    "street_address",
    "premise",
    "subpremise",
    "route",
    "intersection",
    "establishment",
    "point_of_interest",
}
RETRY_SECONDS = 1  # a 500 or 503 is asked again within this
BREAKER_FAILURES = 5
BREAKER_RESET_SECONDS = 30


class GoogleError(Exception):
    """No answer that can be relied on: an outage as far as the customer is concerned. `reason` is for logs and metrics."""

    reason = "error"


class GoogleTimeout(GoogleError):
    reason = "timeout"


class GoogleUnavailable(GoogleError):
    reason = "unavailable"


class GoogleOverQuota(GoogleError):
    reason = "over_quota"


class GoogleRefusedKey(GoogleError):
    reason = "refused_key"


class GoogleNonsense(GoogleError):
    reason = "nonsense"


class GoogleResting(GoogleError):
    """Too many failures in a row: Google is not asked for BREAKER_RESET_SECONDS."""

    reason = "resting"


@dataclasses.dataclass(frozen=True)
class Place:
    """One result. `street_level`: it names a street or a building, not merely a town."""

    formatted_address: str
    place_id: str
    country: str  # ISO 3166 alpha-2
    partial_match: bool
    street_level: bool
    route: str
    street_number: str
    postal_code: str
    city: str


breaker = pybreaker.CircuitBreaker(
    fail_max=BREAKER_FAILURES, reset_timeout=BREAKER_RESET_SECONDS, name="google", listeners=[BreakerListener()]
)
_threads = concurrent.futures.ThreadPoolExecutor(max_workers=8, thread_name_prefix="google")


_probe = threading.Lock()


def geocode(query: str) -> list[Place]:
    """The places that Google finds for an address, within GOOGLE_TIMEOUT_SECONDS; raises GoogleError. Call outside
    transactions (C42).

    pybreaker holds its lock while it calls, which would let one look-up a process through; so while all is well the
    call is made outside and only its outcome told. When the breaker is open one caller at a time probes.
    """
    refuse_open_transaction()
    if breaker.current_state == pybreaker.STATE_CLOSED:
        try:
            places = _geocode(query)
        except GoogleError as error:
            _tell(error)
            raise
        _tell(None)
        return places
    if not _probe.acquire(blocking=False):
        raise GoogleResting
    try:
        return list(breaker.call(_geocode, query))
    except pybreaker.CircuitBreakerError as error:
        raise GoogleResting from error
    finally:
        _probe.release()


def _tell(error: GoogleError | None) -> None:
    def outcome() -> None:
        if error is not None:
            raise error

    try:
        breaker.call(outcome)
    except (GoogleError, pybreaker.CircuitBreakerError):
        return


def _geocode(query: str) -> list[Place]:
    # The deadline is kept outside: a server that sends a byte now and then never lets the socket's own time-out strike.
    future = _threads.submit(_named_errors, lambda: _client().geocode(query, region="pt", language="pt"))
    try:
        results = future.result(timeout=settings.GOOGLE_TIMEOUT_SECONDS)
    except concurrent.futures.TimeoutError as error:
        future.cancel()
        raise GoogleTimeout from error
    try:
        return [_place(result) for result in results]
    except (KeyError, TypeError, AttributeError) as error:
        raise GoogleNonsense from error


def _named_errors(call: Callable[[], Any]) -> Any:
    """Cut off from their causes: requests' errors quote the address and the key, which no traceback may show (C61)."""
    try:
        return call()
    except exceptions.Timeout:
        raise GoogleTimeout from None
    except exceptions.TransportError:
        raise GoogleUnavailable from None
    except exceptions.ApiError as error:
        raise _by_status(error) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GoogleNonsense from None


def _by_status(error: exceptions.ApiError) -> GoogleError:
    if error.status in ("OVER_QUERY_LIMIT", "OVER_DAILY_LIMIT"):
        return GoogleOverQuota()
    return GoogleRefusedKey() if error.status == "REQUEST_DENIED" else GoogleUnavailable()


def _client() -> googlemaps.Client:
    if not settings.GOOGLE_MAPS_API_KEY.startswith("AIza"):
        raise GoogleRefusedKey
    return _client_for(settings.GOOGLE_MAPS_API_KEY, settings.GOOGLE_MAPS_BASE_URL, settings.GOOGLE_TIMEOUT_SECONDS)


@functools.lru_cache(maxsize=4)
def _client_for(key: str, base_url: str, seconds: int) -> googlemaps.Client:
    return googlemaps.Client(
        key=key,
        base_url=base_url,
        timeout=seconds,
        retry_timeout=RETRY_SECONDS,
        retry_over_query_limit=False,
    )


def _place(result: dict[str, Any]) -> Place:
    parts = {kind: part for part in result["address_components"] for kind in part["types"]}

    def long_name(*kinds: str) -> str:
        return next((str(parts[kind]["long_name"]) for kind in kinds if kind in parts), "")

    return Place(
        formatted_address=str(result["formatted_address"]),
        place_id=str(result["place_id"]),
        country=str(parts["country"]["short_name"]) if "country" in parts else "",
        partial_match=bool(result.get("partial_match", False)),
        street_level=bool(STREET_TYPES & set(result["types"])),
        route=long_name("route", "premise", "establishment"),
        street_number=long_name("street_number"),
        postal_code=long_name("postal_code"),
        city=long_name("postal_town", "locality", "administrative_area_level_2"),
    )
