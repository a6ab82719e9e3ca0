"""Things that happen at the same moment: threads with database connections of their own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


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
