"""The webhook inbox: rows in, claimed by workers, worked off, tried again, given up. The only place that changes them.

The row is written before any effect, and its outcome after, in transactions of their own: a crash of the effect leaves
the row and its traceback (C21).
"""

import datetime
import enum
import hashlib
import json
import time
import traceback
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from outbox import leases
from outbox.scrubbing import scrub
from outbox.services import backoff_seconds
from payments import dispatch, gateway, metrics
from payments.models import WebhookEvent
from payments.redaction import redact

State = WebhookEvent.State

MAX_ATTEMPTS = 21  # with the outbox's backoff one to two hours, then the owner is asked: an outage of Stripe's passes

COLUMNS = (
    "event_id, type, object_id, livemode, api_version, payload, payload_hash, state, attempts, next_attempt_at,"
    " last_error, correlation_id, happened_at, received_at, processed_at"
)
INSERT = (
    f"insert into {WebhookEvent._meta.db_table} ({COLUMNS}) values ({', '.join(['%s'] * (COLUMNS.count(',') + 1))})"  # noqa: S608 - the model's own names
    " on conflict (event_id) do nothing"
)

log = structlog.get_logger(__name__)


class NotAnEvent(ValueError):
    """Signed, yet not a Stripe event (C14)."""


class Stored(enum.StrEnum):
    """What became of an event at the door; the values are labels of `photoorders_webhook_events_total`."""

    NEW = "stored"
    KNOWN = "duplicate"
    OTHER_MODE = "other_mode"  # kept, and nothing done: of live mode with a test key, or the other way round
    UNKNOWN_TYPE = "unknown_type"  # kept, and nothing done


def store(event: Mapping[str, Any], body: bytes, correlation_id: str = "") -> Stored:
    """Keeps the event, once (C17). Raises NotAnEvent."""
    row = _row(event, hashlib.sha256(body).hexdigest(), correlation_id)
    if not _insert(row):
        return Stored.KNOWN
    if row["state"] != State.IGNORED:
        return Stored.NEW
    return Stored.OTHER_MODE if row["last_error"] else Stored.UNKNOWN_TYPE


def _insert(row: Mapping[str, Any]) -> bool:
    """One statement in autocommit: the unique constraint decides between twenty copies at once.

    A connection that PostgreSQL closed since the last event is found out by trying: asking before each event, as Django
    does, costs a round trip, and a second try of the same event is harmless.
    """
    for last in (False, True):
        connection.health_check_done = True  # type: ignore[attr-defined]  # Django has it; its stubs do not
        try:
            with connection.cursor() as cursor:
                cursor.execute(INSERT, list(row.values()))
                return bool(cursor.rowcount == 1)
        except (OperationalError, InterfaceError):
            if last or connection.in_atomic_block:
                raise
            connection.close()
    raise AssertionError  # the last turn returns or raises


def _row(event: Mapping[str, Any], payload_hash: str, correlation_id: str) -> dict[str, Any]:
    """The new row's values, in the order of COLUMNS."""
    try:
        data = event["data"]["object"]
        event_id, kind, created = event["id"], event["type"], event["created"]
        if not isinstance(data, dict) or not isinstance(event_id, str) or not isinstance(kind, str) or not event_id:
            raise NotAnEvent
        happened = datetime.datetime.fromtimestamp(int(created), tz=datetime.UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError, AttributeError) as error:
        raise NotAnEvent from error
    metadata = data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    now, livemode, kind = timezone.now(), event.get("livemode") is True, _clean(kind, 100)
    wrong_mode = livemode != gateway.live()
    ignored = wrong_mode or not dispatch.known(kind)
    return {
        "event_id": _clean(event_id, 255),
        "type": kind,
        "object_id": _clean(data.get("id"), 255),
        "livemode": livemode,
        "api_version": _clean(event.get("api_version"), 40),
        "payload": json.dumps(redact(event)),
        "payload_hash": payload_hash,
        "state": str(State.IGNORED if ignored else State.RECEIVED),
        "attempts": 0,
        "next_attempt_at": now,
        "last_error": "livemode does not fit the key" if wrong_mode else "",
        "correlation_id": _clean(metadata.get("correlation") or correlation_id, 64),
        "happened_at": happened,
        "received_at": now,
        "processed_at": now if ignored else None,
    }


def _clean(value: object, limit: int) -> str:
    return value.replace("\x00", "").encode("utf-8", "replace").decode()[:limit] if isinstance(value, str) else ""


def drain(limit: int = 500) -> int:
    """Works off the events that are due, one after the other; how many. Several workers share them (SKIP LOCKED)."""
    done = 0
    while done < limit and (event := claim()) is not None:
        process(event)
        done += 1
    return done


def claim() -> WebhookEvent | None:
    """Leases the event that is due longest to the caller, or None. A killed worker's is due again after its lease; one whose
    last attempt killed its worker becomes a dead letter instead (leases.WorkerLost)."""
    while (event := _leased()) is not None:
        if event.attempts <= MAX_ATTEMPTS:
            return event
        _failed(event, leases.WorkerLost())
    return None


def _leased() -> WebhookEvent | None:
    now = timezone.now()
    with transaction.atomic():
        due = WebhookEvent.objects.select_for_update(skip_locked=True)
        event = due.filter(state=State.RECEIVED, next_attempt_at__lte=now).order_by("next_attempt_at").first()
        if event is None:
            return None
        lease = leases.until()
        event.attempts, event.leased_until, event.next_attempt_at = event.attempts + 1, lease, lease
        event.save(update_fields=["attempts", "leased_until", "next_attempt_at"])
    return event


def _renew(event: WebhookEvent) -> bool:
    """Prolongs the caller's lease; False when another worker took the event over."""
    lease = leases.until()
    return bool(_held(event).update(leased_until=lease, next_attempt_at=lease))


def process(event: WebhookEvent) -> None:
    """Runs the event's effect and records the outcome on its row."""
    tokens = structlog.contextvars.bind_contextvars(correlation_id=event.correlation_id, event_id=event.event_id)
    started = time.monotonic()
    try:
        with leases.kept(lambda: _renew(event)):
            ours = dispatch.handle(event)
    except Exception as error:  # noqa: BLE001 - whatever went wrong is kept on the row, and the row is tried again
        _failed(event, error)
    else:
        _finish(event, State.PROCESSED if ours else State.IGNORED)
        lag = (timezone.now() - event.happened_at).total_seconds()
        metrics.WEBHOOK_LAG.observe(max(lag, 0))
        log.info("webhook_processed", type=event.type, ours=ours, attempts=event.attempts)
    finally:
        metrics.PROCESSING_SECONDS.observe(time.monotonic() - started)
        structlog.contextvars.reset_contextvars(**tokens)


def _finish(event: WebhookEvent, state: str) -> None:
    _held(event).update(state=state, processed_at=timezone.now(), leased_until=None, last_error="")
    metrics.WEBHOOK_EVENTS.labels(event.type, state).inc()


def _failed(event: WebhookEvent, error: Exception) -> None:
    gave_up = event.attempts >= MAX_ATTEMPTS
    wait = datetime.timedelta(seconds=backoff_seconds(event.attempts))
    close_old_connections()  # PostgreSQL may have been what failed
    _held(event).update(
        state=State.DEAD if gave_up else State.RECEIVED,
        next_attempt_at=timezone.now() + wait,
        leased_until=None,
        last_error=scrub("".join(traceback.format_exception(error)))[-10_000:],
    )
    metrics.WEBHOOK_EVENTS.labels(event.type, "dead" if gave_up else "retried").inc()
    log.warning("webhook_failed", type=event.type, error=type(error).__name__, attempts=event.attempts, gave_up=gave_up)


def replay(events: Collection[int]) -> int:
    """Puts events back to work at once, also those that were done (harmless: C22) or gave up; how many."""
    return WebhookEvent.objects.filter(pk__in=events).update(
        state=State.RECEIVED, attempts=0, next_attempt_at=timezone.now(), leased_until=None, processed_at=None
    )


def purge(days: int, batch: int = 5000) -> int:
    """Deletes events done or ignored longer ago than `days`, in short transactions; how many. Others are kept."""
    old, total = done(days), 0
    while ids := list(old.order_by().values_list("pk", flat=True)[:batch]):
        total += WebhookEvent.objects.filter(pk__in=ids).delete()[0]
    return total


def done(days: int) -> QuerySet[WebhookEvent]:
    """Events done or ignored longer ago than `days`."""
    limit = timezone.now() - datetime.timedelta(days=days)
    return WebhookEvent.objects.filter(state__in=[State.PROCESSED, State.IGNORED], processed_at__lt=limit)


def _held(event: WebhookEvent) -> QuerySet[WebhookEvent]:
    """The row, as long as the caller's lease is the newest one: attempts counts the claims."""
    return WebhookEvent.objects.filter(pk=event.pk, attempts=event.attempts, state=State.RECEIVED)
