"""From the click on "pay" to Stripe's page: freeze, commit the attempt, ask Stripe, keep what it answered.

Between any two of these steps the process may die: the attempt's row and the remembered parameters then let the next
click, or the task that expires Sessions, ask Stripe again with the same key and get the same Session (C5, C41, C43).
"""

import dataclasses
import datetime

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import checkout as freezing
from orders import links, snapshots
from orders import services as orders
from orders.drafts import Draft
from orders.models import Order
from orders.problems import DraftBusy, DraftExpired, DraftOrdered, Problem
from payments import at_stripe, attempts, elements, facts, gateway, metrics, parameters, purchases
from payments.confirmation import settle
from payments.gateway import GatewayError, GatewayMisconfigured, GatewayRefused, GatewayUnavailable
from payments.models import PaymentAttempt
from payments.problems import MethodNotOffered, PaymentInReview, PaymentRefused, PaymentServiceUnavailable

State, Method = PaymentAttempt.State, PaymentAttempt.Method
METHODS = (Method.CHECKOUT, Method.ELEMENTS)
KEY_LIFE = datetime.timedelta(hours=23)  # Stripe forgets a key after 24 hours: then look, do not send again (C43)
STILL_USEFUL = datetime.timedelta(minutes=2)  # a page that closes sooner is no use to a customer
CLOCK_SKEW_SECONDS = 300

log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True)
class CheckoutStarted:
    """Where the customer goes now. `url` is Stripe's page, or the order's where there is nothing left to pay there."""

    order: Order
    url: str
    client_secret: str
    order_url: str


def start_checkout(
    draft: Draft, method: str = "checkout", *, language: str, terms: bool, shown_cents: int | None = None
) -> CheckoutStarted:
    """The one payable Session of what the draft holds now; asked again, the same one (C5).

    Call outside transactions. Raises orders' problems (DraftIncomplete, DraftOrdered, …), PaymentServiceUnavailable,
    PaymentInReview, PaymentRefused, MethodNotOffered; whatever is raised, the draft and its photos are kept.
    """
    try:
        if method not in METHODS or (method == Method.ELEMENTS and not elements.offered()):
            raise MethodNotOffered
        order = freezing.freeze(draft, language=language, terms=terms, shown_cents=shown_cents)
        attempt = _payable(order, method)
        secret = _client_secret(attempt)
    except Problem as problem:
        metrics.PAYMENT_REQUESTS.labels(problem.code).inc()
        raise
    metrics.PAYMENT_REQUESTS.labels("started").inc()
    address = links.absolute(order)
    return CheckoutStarted(order=order, url=attempt.url or address, client_secret=secret, order_url=address)


def _client_secret(attempt: PaymentAttempt) -> str:
    """What Stripe.js needs, fetched each time; empty for Stripe's own page, and where there is nothing left to pay."""
    if attempt.method != Method.ELEMENTS or not attempt.url:
        return ""
    try:
        return gateway.retrieve_intent(attempt.stripe_id).client_secret
    except GatewayError as error:
        raise away(error) from error


def away(error: GatewayError) -> PaymentServiceUnavailable:
    """What the customer is told; that our key, or what we asked for, was refused is for the owner to see in the log."""
    if isinstance(error, GatewayMisconfigured):
        log.error("stripe_key_refused", code=error.code)
    elif isinstance(error, GatewayRefused):
        log.error("stripe_refused", code=error.code, kind=error.kind)
    return PaymentServiceUnavailable()


def _payable(order: Order, method: str) -> PaymentAttempt:
    """The order's open attempt with a Session or an Intent at Stripe. A second turn follows an attempt that turned out useless."""
    for _turn in range(3):
        attempt = _existing_or_new(order, method)
        if not attempt.stripe_id:
            opened = open_at_stripe(attempt)
            if opened is None:
                continue
            attempt = _refuse_stale(opened)
        if _usable(attempt, method):
            return attempt
        _close_at_stripe(attempt)
    raise PaymentServiceUnavailable


def _existing_or_new(order: Order, method: str) -> PaymentAttempt:
    """The open attempt, or a new one, committed with key and hash before Stripe hears of it (C43).

    Two clicks at once both come here: the order's lock lets one create, and the unique constraint on open attempts
    would refuse the other anyway.
    """
    snapshot = snapshots.load(order.number)
    with transaction.atomic():
        order = orders.lock(order.pk)
        other = purchases.standing(order)
        if order.paid_at is not None or (other is not None and other.paid_at is not None):
            raise DraftOrdered
        if order.payment_state == Order.PaymentState.REVIEW or other is not None:
            raise PaymentInReview
        if order.state != Order.State.PENDING:
            raise DraftBusy  # edited in another tab since it was frozen
        found = order.attempts.filter(state__in=attempts.OPEN).first()
        if found is not None:
            metrics.IDEMPOTENCY_HITS.inc()
            return found
        if snapshot is None:
            raise DraftExpired
        until = parameters.expires_at()
        attempt = PaymentAttempt(
            order=order,
            method=method,
            amount_cents=order.total_cents,
            currency=order.currency,
            expires_at=until,
        )
        attempt.idempotency_key = str(attempt.idempotency_key)
        trace = str(structlog.contextvars.get_contextvars().get("correlation_id", ""))
        params = (
            parameters.intent_params(order, snapshot, attempt.public_id, trace)
            if method == Method.ELEMENTS
            else parameters.session_params(order, snapshot, attempt.public_id, until, trace)
        )
        attempt.params_hash = parameters.fingerprint(params)
        parameters.remember(attempt.idempotency_key, params)
        try:
            attempt.save()
        except IntegrityError as error:
            raise DraftBusy from error
        attempts.note(attempt, "created")
        return attempt


def _usable(attempt: PaymentAttempt, method: str) -> bool:
    """Its page is the one asked for and open long enough, or the customer already chose a delayed method and has a voucher to pay."""
    awaiting = attempt.order.payment_state == Order.PaymentState.AWAITING or attempt.voucher is not None
    lasting = attempt.expires_at is not None and attempt.expires_at > timezone.now() + STILL_USEFUL
    return awaiting or (attempt.method == method and lasting)


def _close_at_stripe(attempt: PaymentAttempt) -> None:
    """The old one is closed at Stripe before a new one is made: one payable at a time (C5). One that turns out paid, or
    to wait for its voucher, is settled instead, and found so at the next turn."""
    try:
        session = at_stripe.closed(attempt)
    except GatewayError as error:
        raise away(error) from error
    if session.status == "complete":
        settle(session)  # never NotVisibleYet: the attempt is in the database with the id that was asked for
    else:
        attempts.close(attempt.pk, State.CANCELED, "another page was asked for, or this one was about to close")


def open_at_stripe(attempt: PaymentAttempt) -> PaymentAttempt | None:
    """Asks Stripe for the attempt's Session, once more where an earlier answer never came; None when the attempt is
    over and a new one, with a new key, is right (C44). Raises PaymentServiceUnavailable, PaymentRefused."""
    try:
        session = _ask(attempt)
    except (GatewayUnavailable, GatewayMisconfigured) as error:
        raise away(error) from error
    except GatewayRefused as error:
        attempts.close(attempt.pk, State.FAILED, "refused", failure_code=error.code)
        if timezone.now() - attempt.created_at > datetime.timedelta(seconds=60):
            return None  # what was right when it was first sent, such as expires_at, is no longer
        raise PaymentRefused from error
    if session is None:
        attempt = attempts.close_unopened(attempt.pk, "Stripe never made it")
        return attempt if attempt.stripe_id else None
    return attempts.opened(attempt.pk, session, attempt.order_id)


def _ask(attempt: PaymentAttempt) -> facts.Session | None:
    """The Session of the attempt's key; None when there is none and the key must not be sent again."""
    params = parameters.recall(str(attempt.idempotency_key), attempt.params_hash)
    if params is None or timezone.now() - attempt.created_at > KEY_LIFE:
        return _look_for(attempt)
    key = str(attempt.idempotency_key)
    try:
        if attempt.method == Method.ELEMENTS:
            return facts.as_session(gateway.create_intent(params, idempotency_key=key))  # type: ignore[arg-type]  # as it was stored, checked by its hash
        return gateway.create_session(params, idempotency_key=key)  # type: ignore[arg-type]  # as it was stored, checked by its hash
    except GatewayUnavailable as error:
        if not error.replayed:
            raise
        return _look_for(attempt)  # C44: this key answers 500 for good, whether or not a Session was made


def _look_for(attempt: PaymentAttempt) -> facts.Session | None:
    since = int(attempt.created_at.timestamp()) - CLOCK_SKEW_SECONDS
    if attempt.method == Method.ELEMENTS:
        intent = gateway.find_intent(attempt.public_id, since)
        return facts.as_session(intent) if intent else None
    return gateway.find_session(attempt.public_id, since)


def _refuse_stale(attempt: PaymentAttempt) -> PaymentAttempt:
    """The draft was edited while Stripe was asked: the Session just made must not stay payable (C6)."""
    if attempt.state == State.PENDING:
        return attempt
    try:
        at_stripe.closed(attempt)
    except GatewayError as error:
        log.warning("stale_session_left_open", payment=attempt.public_id, kind=error.kind)
        attempts.close_later(attempt)
    raise DraftBusy
