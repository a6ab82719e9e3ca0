"""How long requests and tasks take, and which fail. Prometheus in multi-process mode: web and workers write to
PROMETHEUS_MULTIPROC_DIR, and any web process answers for all (photoorders.metrics)."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from billiard import current_process
from celery import Task
from celery.signals import (
    celeryd_init,
    task_failure,
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_process_shutdown,
)
from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram, multiprocess

from outbox.metrics import TASK_FAILURES
from photoorders import process_identity

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

REQUESTS = Histogram(
    "photoorders_request_duration_seconds", "Seconds a request took", ["method", "route", "status"], buckets=BUCKETS
)
TASKS = Histogram("photoorders_task_duration_seconds", "Seconds a task took", ["task"], buckets=BUCKETS)

_started: dict[str, float] = {}
log = structlog.get_logger("photoorders.request")


class DurationMiddleware:
    """Times each request by its route's pattern, so that ids and tokens never become labels (C61)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        seconds = time.perf_counter() - start
        REQUESTS.labels(_method(request), route, str(response.status_code)).observe(seconds)
        log.info(
            "request",
            method=_method(request),
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000),
            user_id=_user_id(request),
        )
        return response


def _method(request: HttpRequest) -> str:
    return request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"


def _user_id(request: HttpRequest) -> int | None:
    """The signed-in user's id, if somebody already asked for the user: looking it up here would cost a query."""
    cached = getattr(request, "_cached_user", None)
    return cached.pk if cached is not None else None


@task_prerun.connect
def _task_starts(task_id: str, **kwargs: object) -> None:
    _started[task_id] = time.perf_counter()


@task_postrun.connect
def _task_ends(task_id: str, task: "Task[Any, Any]", **kwargs: object) -> None:
    start = _started.pop(task_id, None)
    if start is not None:
        TASKS.labels(task.name).observe(time.perf_counter() - start)


@task_failure.connect
def _task_fails(sender: "Task[Any, Any]", **kwargs: object) -> None:
    """Of tasks that raise; those of the outbox keep what they raised on its row, and are counted there (outbox.tasks)."""
    TASK_FAILURES.labels(sender.name).inc()


@celeryd_init.connect
def _worker_starts(sender: str, **kwargs: object) -> None:
    process_identity.belong_to_worker(sender)


@worker_process_init.connect
def _worker_process_starts(**kwargs: object) -> None:
    process_identity.take_slot(current_process().index)  # type: ignore[attr-defined]  # set by the pool


@worker_process_shutdown.connect
def _worker_process_ends(pid: int, **kwargs: object) -> None:
    if process_identity.SHARED:
        multiprocess.mark_process_dead(process_identity.of(pid))
