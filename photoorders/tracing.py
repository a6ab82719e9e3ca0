"""What a click's log lines share goes with the tasks that the click asks for, in the message's headers (C61: ids alone)."""

from typing import Any

import structlog
from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun

CARRIED = ("request_id", "correlation_id", "user_id")


@before_task_publish.connect
def _carry(headers: dict[str, Any], **kwargs: object) -> None:
    known = structlog.contextvars.get_contextvars()
    headers["trace"] = {name: known[name] for name in CARRIED if name in known}


@task_prerun.connect
def _take_up(task: "Task[Any, Any]", **kwargs: object) -> None:
    structlog.contextvars.clear_contextvars()
    trace = getattr(task.request, "trace", None) or {}
    structlog.contextvars.bind_contextvars(**{name: trace[name] for name in CARRIED if name in trace})


@task_postrun.connect
def _lay_down(**kwargs: object) -> None:
    structlog.contextvars.clear_contextvars()
