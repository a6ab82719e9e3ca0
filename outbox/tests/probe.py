"""A durable task for the outbox's tests: notes in Redis that it ran, and waits as long as it is told."""

import time

from django_redis import get_redis_connection

from outbox.tasks import GiveUp, durable_task


def note(key: str) -> int:
    """Counts one run; how many there were."""
    return int(get_redis_connection("default").incr(f"probe:{key}"))


def runs(key: str) -> int:
    return int(get_redis_connection("default").get(f"probe:{key}") or 0)


def work(key: str, seconds: float = 0, fail: str = "") -> None:
    note(key)
    time.sleep(seconds)
    if fail == "killed":
        raise SystemExit  # what kill -9 leaves: no outcome on the row
    if fail == "final":
        raise GiveUp("never")
    if fail:
        raise RuntimeError(fail)


probe = durable_task("outbox.tests.probe", queue="default")(work)
