"""Things that happen at the same moment: threads with database connections of their own."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections, transaction


def together(count: int, function: Callable[[], Any]) -> list[Any]:
    """Calls the function in `count` threads that start at once; what each returned, or the exception it raised."""
    barrier = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(place: int) -> None:
        barrier.wait()
        try:
            results[place] = function()
        except Exception as error:  # noqa: BLE001 - a result like any other: the test looks at it
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def before_it_is_committed(change: Callable[[], Any], count: int, function: Callable[[], Any]) -> list[Any]:
    """Calls the function in `count` threads while this thread's transaction holds what `change` wrote or locked. It
    commits once all of them wait for it, or have ended because they did not; results as of `together`."""
    results: list[Any] = []
    others = threading.Thread(target=lambda: results.extend(together(count, function)))
    with transaction.atomic():
        change()
        others.start()
        until = time.monotonic() + 30
        while others.is_alive() and _waiting() < count and time.monotonic() < until:
            time.sleep(0.02)
    others.join(60)
    return results


def _waiting() -> int:
    """Connections of this database that wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees these figures as at its first look
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])
