"""Keeping hold of a row while its work lasts: a living worker renews its lease, a killed one's is over within seconds."""

import contextlib
import datetime
import threading
from collections.abc import Callable, Iterator

import structlog
from django.db import Error, close_old_connections, connection
from django.utils import timezone

LEASE_SECONDS = 30  # a killed worker's work is free again after this

log = structlog.get_logger(__name__)


class WorkerLost(Exception):
    """The last attempt allowed was begun and never came to an end: its worker was killed, e.g. for the memory that the work
    takes. It is not begun once more, so that it takes no other work down with it."""


def until() -> datetime.datetime:
    """When a lease taken or renewed now is over."""
    return timezone.now() + datetime.timedelta(seconds=LEASE_SECONDS)


@contextlib.contextmanager
def kept(renew: Callable[[], bool]) -> Iterator[None]:
    """Calls `renew` from a thread, three times a lease, until the block ends or `renew` says that it was lost.

    When the block is left no renewal is under way any more: what the caller then writes on the row stays.
    """
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(renew, stop), name="lease-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _keep(renew: Callable[[], bool], stop: threading.Event) -> None:
    while not stop.wait(LEASE_SECONDS / 3):
        close_old_connections()
        try:
            if not renew():
                break
        except Error as error:  # PostgreSQL is away for a moment; the next turn may find it again
            log.warning("lease_not_renewed", error=type(error).__name__)
    connection.close()
