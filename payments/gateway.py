"""Stripe's API: the only importer of `stripe`. Typed facts in and out, time limits, retries, a breaker, named errors.

No call may be made while a database transaction is open (C42). Nothing sent or received is logged but ids, codes and
durations (C61).
"""

import functools
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

import pybreaker
import stripe
import structlog
from django.conf import settings
from stripe.params import PaymentIntentCreateParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from outbox.network import refuse_open_transaction
from payments import facts, metrics

T = TypeVar("T")
Params = Mapping[str, Any]

NETWORK_RETRIES = 2  # by the SDK: connection errors, 409, 5xx; with the same idempotency key
CONNECT_SECONDS = 3.05
RATE_LIMIT_WAITS = (
    0.5,
    1.0,
    2.0,
)  # seconds before each new try after a bare 429, which the SDK never tries again (C45)
BREAKER_FAILURES = 5
BREAKER_RESET_SECONDS = 20
LIST_LIMIT = 100
SESSION_DETAILS = ["payment_intent"]

log = structlog.get_logger(__name__)
logging.getLogger("stripe").setLevel(logging.WARNING)  # at INFO and DEBUG the SDK logs what it sends: names, addresses


class GatewayError(Exception):
    """Stripe did not do what was asked. `code` is Stripe's, for logs and metrics; never shown with its message."""

    kind = "error"

    def __init__(self, code: str = "", *, status: int | None = None, replayed: bool = False) -> None:
        self.code = code[:80]
        self.status = status
        self.replayed = replayed  # Stripe repeated the stored answer of an earlier call with this key
        super().__init__(f"{self.kind} {self.code} {status or ''}".strip())


class GatewayUnavailable(GatewayError):
    """No answer, or an error on Stripe's side: what was asked may or may not have happened. Try again, same key."""

    kind = "unavailable"


class GatewayRateLimited(GatewayUnavailable):
    """429 again and again: certainly nothing happened; try later."""

    kind = "rate_limited"


class GatewayResting(GatewayUnavailable):
    """The breaker is open: nothing was sent."""

    kind = "breaker_open"


class GatewayRefused(GatewayError):
    """Stripe understood and refused; the same request will be refused again."""

    kind = "refused"


class NotFound(GatewayRefused):
    kind = "not_found"


class CardDeclined(GatewayRefused):
    kind = "declined"


class IdempotencyConflict(GatewayRefused):
    """The key was used with other parameters: a bug of ours, and a double payment prevented."""

    kind = "idempotency_conflict"


class GatewayMisconfigured(GatewayRefused):
    """The key is wrong or may not do this: the owner must act."""

    kind = "misconfigured"


breaker = pybreaker.CircuitBreaker(
    fail_max=BREAKER_FAILURES, reset_timeout=BREAKER_RESET_SECONDS, name="stripe", listeners=[metrics.BreakerListener()]
)
_probe = threading.Lock()


def live() -> bool:
    """Whether the configured key moves real money."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


def create_session(params: SessionCreateParams, *, idempotency_key: str) -> facts.Session:
    return facts.session(_call(lambda c: c.v1.checkout.sessions.create(params, {"idempotency_key": idempotency_key})))


def retrieve_session(session_id: str) -> facts.Session:
    return facts.session(_call(lambda c: c.v1.checkout.sessions.retrieve(session_id, {"expand": SESSION_DETAILS})))


def expire_session(session_id: str) -> facts.Session:
    """Closes an open Session; GatewayRefused when it is paid or closed already. Repeating it is harmless."""
    return facts.session(_call(lambda c: c.v1.checkout.sessions.expire(session_id)))


def find_session(attempt_id: str, created_from: int) -> facts.Session | None:
    """The Session whose metadata name the attempt, among those made since `created_from` (Unix seconds): for an answer
    that never came (C44)."""
    for data in _pages(lambda c, p: c.v1.checkout.sessions.list(cast(Any, p)), {"created": {"gte": created_from}}):
        found = facts.session(data)
        if found.metadata.get("attempt") == attempt_id:
            return found
    return None


def session_of_intent(intent_id: str) -> facts.Session | None:
    pages = _pages(lambda c, p: c.v1.checkout.sessions.list(cast(Any, p)), {"payment_intent": intent_id})
    return next((facts.session(data) for data in pages), None)


def retrieve_intent(intent_id: str) -> facts.Intent:
    return facts.intent(_call(lambda c: c.v1.payment_intents.retrieve(intent_id)))


def intent_with_charge(intent_id: str) -> facts.Intent:
    """With what was refunded of it."""
    return facts.intent(_call(lambda c: c.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})))


def intent_of_charge(charge_id: str) -> facts.Intent | None:
    """The charge's Intent, with what was refunded of it; None where the charge was made without one."""
    expand = ["payment_intent.latest_charge"]
    found = _call(lambda c: c.v1.charges.retrieve(charge_id, {"expand": expand})).get("payment_intent")
    return facts.intent(found) if found else None


def create_intent(params: PaymentIntentCreateParams, *, idempotency_key: str) -> facts.Intent:
    return facts.intent(_call(lambda c: c.v1.payment_intents.create(params, {"idempotency_key": idempotency_key})))


def cancel_intent(intent_id: str) -> facts.Intent:
    """GatewayRefused when it is paid or canceled already."""
    return facts.intent(_call(lambda c: c.v1.payment_intents.cancel(intent_id, {"cancellation_reason": "abandoned"})))


def find_intent(attempt_id: str, created_from: int) -> facts.Intent | None:
    """As find_session, for a Payment Element (C44)."""
    for data in _pages(lambda c, p: c.v1.payment_intents.list(cast(Any, p)), {"created": {"gte": created_from}}):
        found = facts.intent(data)
        if found.metadata.get("attempt") == attempt_id:
            return found
    return None


def refund_params(intent_id: str, amount_cents: int, metadata: Mapping[str, str]) -> RefundCreateParams:
    """The parameters of `refunds.create`."""
    return {
        "payment_intent": intent_id,
        "amount": amount_cents,
        "reason": "requested_by_customer",
        "metadata": dict(metadata),
    }


def create_refund(
    intent_id: str, amount_cents: int, metadata: Mapping[str, str], *, idempotency_key: str
) -> facts.Refund:
    params = refund_params(intent_id, amount_cents, metadata)
    return facts.refund(_call(lambda c: c.v1.refunds.create(params, {"idempotency_key": idempotency_key})))


def retrieve_refund(refund_id: str) -> facts.Refund:
    return facts.refund(_call(lambda c: c.v1.refunds.retrieve(refund_id)))


def refunds_of(intent_id: str) -> list[facts.Refund]:
    pages = _pages(lambda c, p: c.v1.refunds.list(cast(Any, p)), {"payment_intent": intent_id})
    return [facts.refund(data) for data in pages]


def retrieve_dispute(dispute_id: str) -> facts.Dispute:
    return facts.dispute(_call(lambda c: c.v1.disputes.retrieve(dispute_id)))


def disputes_of(intent_id: str) -> list[facts.Dispute]:
    """Newest first."""
    pages = _pages(lambda c, p: c.v1.disputes.list(cast(Any, p)), {"payment_intent": intent_id})
    return [facts.dispute(data) for data in pages]


def events(*, undelivered: bool, created_from: int) -> Iterator[facts.Event]:
    """Stripe's events of the last 30 days, newest first, a page at a time (C23)."""
    params: dict[str, Any] = {"created": {"gte": created_from}}
    if undelivered:
        params["delivery_success"] = False
    for data in _pages(lambda c, p: c.v1.events.list(cast(Any, p)), params):
        yield facts.Event(id=data["id"], created=int(data["created"]), body=data)


def retrieve_event(event_id: str) -> facts.Event:
    data = _call(lambda c: c.v1.events.retrieve(event_id))
    return facts.Event(id=data["id"], created=int(data["created"]), body=data)


def endpoints() -> list[facts.Endpoint]:
    pages = _pages(lambda c, p: c.v1.webhook_endpoints.list(cast(Any, p)), {})
    return [
        facts.Endpoint(data["id"], data["url"], data["status"] == "enabled", tuple(data["enabled_events"]))
        for data in pages
    ]


def sessions_made(created: Params) -> Iterator[facts.Session]:
    """Sessions made in a span of Unix seconds ({"gte": …, "lt": …}), newest first, each with its Intent."""
    params = {"created": created, "expand": ["data.payment_intent"]}
    return (facts.session(data) for data in _pages(lambda c, p: c.v1.checkout.sessions.list(cast(Any, p)), params))


def intents_made(created: Params) -> Iterator[facts.Intent]:
    """PaymentIntents made in a span, each with what was refunded of it."""
    params = {"created": created, "expand": ["data.latest_charge"]}
    return (facts.intent(data) for data in _pages(lambda c, p: c.v1.payment_intents.list(cast(Any, p)), params))


def refunds_made(created: Params) -> Iterator[facts.Refund]:
    pages = _pages(lambda c, p: c.v1.refunds.list(cast(Any, p)), {"created": created})
    return (facts.refund(data) for data in pages)


def disputes_made(created: Params) -> Iterator[facts.Dispute]:
    pages = _pages(lambda c, p: c.v1.disputes.list(cast(Any, p)), {"created": created})
    return (facts.dispute(data) for data in pages)


def balance_transactions(**chosen: Any) -> Iterator[facts.BalanceTransaction]:
    """By `created` (a span), `payout` or `source` (an id)."""
    pages = _pages(lambda c, p: c.v1.balance_transactions.list(cast(Any, p)), chosen)
    return (facts.balance_transaction(data) for data in pages)


def payouts_made(created: Params) -> Iterator[facts.Payout]:
    pages = _pages(lambda c, p: c.v1.payouts.list(cast(Any, p)), {"created": created})
    return (facts.payout(data) for data in pages)


def retrieve_payout(payout_id: str) -> facts.Payout:
    return facts.payout(_call(lambda c: c.v1.payouts.retrieve(payout_id)))


def _pages(listing: Callable[[stripe.StripeClient, Params], Any], params: Params) -> Iterator[dict[str, Any]]:
    """Each object of a listing, one page in memory."""
    cursor: dict[str, Any] = {}
    while True:
        asked = {**params, **cursor, "limit": LIST_LIMIT}
        page = _call(lambda client, asked=asked: listing(client, asked))  # type: ignore[misc]  # mypy does not infer a lambda with a default
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        cursor = {"starting_after": page["data"][-1]["id"]}


def _call(request: Callable[[stripe.StripeClient], Any]) -> dict[str, Any]:
    """Makes the request under the breaker's rule; the answer as plain values. Raises GatewayError."""
    refuse_open_transaction()
    started = time.monotonic()
    try:
        answer = _behind_breaker(lambda: _patiently(request))
    except GatewayError as error:
        metrics.STRIPE_ERRORS.labels(error.kind).inc()
        log.warning("stripe_error", kind=error.kind, code=error.code, status=error.status)
        raise
    finally:
        metrics.STRIPE_SECONDS.observe(time.monotonic() - started)
    return cast(dict[str, Any], answer.to_dict())


def _behind_breaker(call: Callable[[], T]) -> T:
    """Counts outages, and while they last answers at once instead of waiting.

    pybreaker holds its lock while it calls, which would let one call a process through; so while all is well the call
    is made outside and only its outcome told. When the breaker is open one caller at a time probes.
    """
    if breaker.current_state == pybreaker.STATE_CLOSED:
        try:
            answer = call()
        except GatewayUnavailable as error:
            _tell(error)
            raise
        except GatewayRefused:
            _tell(None)
            raise
        _tell(None)
        return answer
    if not _probe.acquire(blocking=False):
        raise GatewayResting
    try:
        return breaker.call(call)
    except pybreaker.CircuitBreakerError as error:
        if isinstance(error.__cause__, GatewayError):
            raise error.__cause__ from None
        raise GatewayResting from None
    finally:
        _probe.release()


def _tell(error: GatewayUnavailable | None) -> None:
    def outcome() -> None:
        if error is not None and not isinstance(error, GatewayRateLimited):
            raise error

    try:
        breaker.call(outcome)
    except (GatewayUnavailable, pybreaker.CircuitBreakerError):
        return


breaker.add_excluded_exceptions(GatewayRefused, GatewayRateLimited)


def _patiently(request: Callable[[stripe.StripeClient], T]) -> T:
    """Backs off with jitter on a bare 429; everything else is answered at once, under its name."""
    for wait in (*RATE_LIMIT_WAITS, None):
        try:
            return _named(request)
        except GatewayRateLimited:
            if wait is None:
                raise
            time.sleep(random.uniform(wait / 2, wait))  # noqa: S311 - spreads load, guards nothing
    raise AssertionError  # the last turn returns or raises


def _named(request: Callable[[stripe.StripeClient], T]) -> T:
    try:
        return request(_client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TIMEOUT_SECONDS))
    except stripe.StripeError as error:
        raise _translated(error) from None  # Stripe's own message may repeat what was sent
    except ValueError as error:  # the SDK's word for an answer that is no JSON
        raise GatewayUnavailable("nonsense") from error


def _translated(error: stripe.StripeError) -> GatewayError:
    code, status = error.code or type(error).__name__, error.http_status
    replayed = str((error.headers or {}).get("idempotent-replayed", "")).lower() == "true"
    if isinstance(error, stripe.CardError):
        return CardDeclined(code, status=status)
    if isinstance(error, stripe.IdempotencyError):
        return IdempotencyConflict(code, status=status)
    if isinstance(error, stripe.RateLimitError):  # every 429, and a 400 that says so
        return GatewayRateLimited(code, status=status)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return GatewayMisconfigured(code, status=status)
    if isinstance(error, stripe.InvalidRequestError):
        return NotFound(code, status=status) if status == 404 else GatewayRefused(code, status=status)
    return GatewayUnavailable(code, status=status, replayed=replayed)


@functools.lru_cache(maxsize=4)
def _client(key: str, base: str, timeout: int) -> stripe.StripeClient:
    """One client for all threads of a process: the SDK keeps a connection pool a thread."""
    if not key:
        raise GatewayMisconfigured("no_key")
    return stripe.StripeClient(
        key,
        base_addresses={"api": base.rstrip("/")} if base else {},
        max_network_retries=NETWORK_RETRIES,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, timeout)),
    )
