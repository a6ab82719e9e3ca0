"""Writing, claiming and finishing outbox messages. The only place that changes their state."""

import datetime
import random
import uuid

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from outbox import leases, relay
from outbox.models import OutboxMessage
from outbox.scrubbing import scrub

MAX_ATTEMPTS = 8
BACKOFF_FIRST_SECONDS = 2
BACKOFF_MAX_SECONDS = 600


def enqueue(
    task: str, *, key: str, queue: str = "default", payload: dict[str, object] | None = None, delay_seconds: int = 0
) -> OutboxMessage:
    """Records work to be done once the current transaction commits; the same key again returns the first row.

    Must be called inside the transaction of the change that causes it (C48: a rolled-back change sends nothing).
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("outbox.enqueue needs the transaction of the change it belongs to")
    clicked = structlog.contextvars.get_contextvars()
    message, created = OutboxMessage.objects.get_or_create(
        key=key,
        defaults={
            "task": task,
            "queue": queue,
            "payload": payload or {},
            "correlation_id": str(clicked.get("correlation_id", "")),
            "user_id": clicked.get("user_id"),
            "next_attempt_at": timezone.now() + datetime.timedelta(seconds=delay_seconds),
        },
    )
    if created and not delay_seconds:
        transaction.on_commit(lambda: relay.send([message]), robust=True)
    return message


def waiting(task: str, **payload: object) -> bool:
    """Whether work of the task that names these keys is still to be done."""
    due = OutboxMessage.objects.filter(state=OutboxMessage.State.PENDING, task=task)
    return due.filter(payload__contains=payload).exists()


def claim(message_id: int) -> OutboxMessage | None:
    """Leases a pending message to the caller; None when it is done, failed, or somebody else got there first."""
    now = timezone.now()
    lease = uuid.uuid4()
    claimed = (
        OutboxMessage.objects.filter(pk=message_id, state=OutboxMessage.State.PENDING)
        .filter(Q(leased_until=None) | Q(leased_until__lt=now))
        .update(lease=lease, leased_until=leases.until(), attempts=F("attempts") + 1)
    )
    return OutboxMessage.objects.get(pk=message_id) if claimed else None


def renew(message: OutboxMessage) -> bool:
    """Prolongs the caller's lease; False when it was lost, and the caller must stop."""
    return bool(_held(message).update(leased_until=leases.until()))


def complete(message: OutboxMessage) -> bool:
    """Marks a claimed message done; False when the lease had been lost."""
    return bool(
        _held(message).update(
            state=OutboxMessage.State.DONE, done_at=timezone.now(), lease=None, leased_until=None, last_error=""
        )
    )


def fail(message: OutboxMessage, error: str, *, final: bool = False, max_attempts: int = MAX_ATTEMPTS) -> bool:
    """Notes a failed attempt and plans the next with jittered exponential backoff; True when it was the last. One
    whose lease was lost notes nothing.

    Until then the row stays leased, to nobody: while the workers were away the sweep may have sent it many times, and each
    copy in the broker would be an attempt at once.
    """
    gave_up = final or message.attempts >= max_attempts
    next_attempt_at = timezone.now() + datetime.timedelta(seconds=backoff_seconds(message.attempts))
    noted = _held(message).update(
        state=OutboxMessage.State.FAILED if gave_up else OutboxMessage.State.PENDING,
        next_attempt_at=next_attempt_at,
        lease=None,
        leased_until=None if gave_up else next_attempt_at,
        last_error=scrub(error)[-10_000:],
    )
    return gave_up and bool(noted)


def retry(message: OutboxMessage) -> None:
    """Puts a message that gave up back to work at once: the owner's button and `manage.py retry_failed`."""
    with transaction.atomic():
        again = OutboxMessage.objects.filter(pk=message.pk, state=OutboxMessage.State.FAILED).update(
            state=OutboxMessage.State.PENDING, attempts=0, next_attempt_at=timezone.now(), lease=None, leased_until=None
        )
        if again:
            transaction.on_commit(lambda: relay.send([message]), robust=True)


def backoff_seconds(attempts: int) -> float:
    """Full jitter: between half and the whole of 2, 4, 8 … 600 seconds."""
    ceiling = min(BACKOFF_MAX_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** max(0, attempts - 1))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads load, guards nothing


def purge(days: int = 90, batch: int = 5000) -> int:
    """Deletes messages done longer ago than `days`, in short transactions; how many. The others are kept."""
    done, total = finished(days), 0
    while ids := list(done.values_list("pk", flat=True)[:batch]):
        total += OutboxMessage.objects.filter(pk__in=ids).delete()[0]
    return total


def finished(days: int) -> QuerySet[OutboxMessage]:
    """Messages done longer ago than `days`."""
    limit = timezone.now() - datetime.timedelta(days=days)
    return OutboxMessage.objects.filter(state=OutboxMessage.State.DONE, done_at__lt=limit)


def _held(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(pk=message.pk, lease=message.lease, state=OutboxMessage.State.PENDING)
