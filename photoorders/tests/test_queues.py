"""Which queue each task is on: every queue has a worker, and the sweeps wait behind no long job."""

from typing import Any

import pytest
from celery import current_app
from django.conf import settings

from local import shop

SECONDS = 300  # a job that may take longer is no company for a sweep


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    """The shop's own tasks by name."""
    current_app.loader.import_default_modules()
    return {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}


@pytest.fixture(scope="module")
def schedule() -> list[dict[str, Any]]:
    entries: Any = settings.CELERY_BEAT_SCHEDULE  # of mixed values
    return list(entries.values())


def queue(task: Any) -> str:
    return str(getattr(task, "queue", None) or settings.CELERY_TASK_DEFAULT_QUEUE)


def test_each_queue_that_a_task_is_on_has_a_worker(tasks: dict[str, Any]) -> None:
    """And no worker waits at a queue that nothing is sent to."""
    assert {queue(task) for task in tasks.values()} == set(shop.ALL_QUEUES.split(","))


def test_the_sweeps_wait_behind_no_scheduled_job_that_may_take_long(
    tasks: dict[str, Any], schedule: list[dict[str, Any]]
) -> None:
    """A sweep that is not begun within seconds is thrown away; so long work that is due would stay undone."""
    sweeps = {entry["task"] for entry in schedule if entry["options"]["expires"] <= 10}
    assert sweeps == {"payments.process_inbox", "uploads.sweep", "outbox.sweep"}
    long = {entry["task"] for entry in schedule if tasks[entry["task"]].time_limit > SECONDS}
    assert {"payments.reconcile", "orders.purge_photos"} <= long
    assert {queue(tasks[name]) for name in long} & {queue(tasks[name]) for name in sweeps} == set()


def test_the_schedule_sends_no_task_to_another_queue(schedule: list[dict[str, Any]]) -> None:
    """Where a task runs is written beside it alone."""
    for entry in schedule:
        assert set(entry["options"]) == {"expires"}, entry["task"]
