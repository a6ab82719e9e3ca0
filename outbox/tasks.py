"""Celery's side of the outbox: the sweep, and the decorator that turns a function into a durable task."""

import traceback
from collections.abc import Callable
from typing import Any

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db import transaction

from outbox import leases, metrics, relay, services
from outbox.models import OutboxMessage

log = structlog.get_logger(__name__)


class GiveUp(Exception):
    """Raised by a durable task when trying again cannot help: the message fails at once, for the owner to see."""


@shared_task(name="outbox.sweep", queue="default", ignore_result=True, soft_time_limit=50, time_limit=60)
def sweep() -> int:
    return relay.sweep()


@shared_task(name="outbox.purge", queue="slow", ignore_result=True, soft_time_limit=580, time_limit=600)
def purge() -> int:
    """Daily: forgets work that was done OUTBOX_KEEP_DAYS ago."""
    return services.purge(settings.OUTBOX_KEEP_DAYS)


def durable_task(
    name: str,
    *,
    queue: str,
    max_attempts: int = services.MAX_ATTEMPTS,
    time_limit: int = 600,
    on_give_up: Callable[..., None] | None = None,
) -> Callable[[Callable[..., None]], "Task[Any, Any]"]:
    """Makes `function(**payload)` the Celery task `name`, called with an outbox message's id.

    The message is claimed by a lease that a thread renews while the function runs. What it raises is kept on the row
    and tried again with backoff, `max_attempts` times; `GiveUp` ends it at once. `time_limit` is in seconds.
    `on_give_up(**payload)` is called with the last failure, in its transaction, e.g. to plan a mail to the owner.
    """

    def decorate(function: Callable[..., None]) -> "Task[Any, Any]":
        @shared_task(name=name, queue=queue, ignore_result=True, soft_time_limit=time_limit - 20, time_limit=time_limit)
        def run(message_id: int) -> None:
            run_message(message_id, function, max_attempts=max_attempts, on_give_up=on_give_up)

        return run

    return decorate


def run_message(
    message_id: int,
    function: Callable[..., None],
    *,
    max_attempts: int = services.MAX_ATTEMPTS,
    on_give_up: Callable[..., None] | None = None,
) -> None:
    """Claims the message, runs the function with its payload, and records the outcome on the row. A message whose last
    attempt killed its worker gives up without being run again."""
    message = services.claim(message_id)
    if message is None:
        return
    tokens = structlog.contextvars.bind_contextvars(**_traced(message))
    try:
        if message.attempts > max_attempts:
            raise leases.WorkerLost
        with leases.kept(lambda: services.renew(message)):
            function(**message.payload)
    except Exception as error:  # noqa: BLE001 - whatever went wrong is kept on the row, and the row is tried again
        gave_up = _failed(message, error, max_attempts, on_give_up)
        metrics.TASK_FAILURES.labels(message.task).inc()
        log.warning("outbox_task_failed", error=type(error).__name__, attempts=message.attempts, gave_up=gave_up)
    else:
        services.complete(message)
        log.info("outbox_task_done", attempts=message.attempts)
    finally:
        structlog.contextvars.reset_contextvars(**tokens)


def _failed(
    message: OutboxMessage, error: Exception, max_attempts: int, on_give_up: Callable[..., None] | None
) -> bool:
    """The failure on the row and, with the last, whom it tells: both or neither, whenever the worker dies (C41)."""
    final = isinstance(error, GiveUp)
    with transaction.atomic():
        gave_up = services.fail(message, traceback.format_exc(), final=final, max_attempts=max_attempts)
        if gave_up and on_give_up is not None:
            on_give_up(**message.payload)
    return gave_up


def _traced(message: OutboxMessage) -> dict[str, object]:
    """What every log line of the work names: whose click it was, and which rows it is about."""
    ids = {name: value for name, value in message.payload.items() if name.endswith("_id")}
    named = {"correlation_id": message.correlation_id, "task": message.task, "message_id": message.pk}
    return ids | named | ({} if message.user_id is None else {"user_id": message.user_id})
