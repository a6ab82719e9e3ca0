"""The keeper that renews a lease while the work lasts, where it could do harm (C50, C60's idea)."""

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from outbox import leases

pytestmark = pytest.mark.django_db(transaction=True)


def noting(used: list[int]) -> Callable[[], bool]:
    """A renewal that notes which of PostgreSQL's processes it spoke to."""

    def renew() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("select pg_backend_pid()")
            used.append(cursor.fetchone()[0])
        return True

    return renew


def test_when_the_work_ends_no_renewal_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """C60's idea: what the worker then writes on the row is the last word."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.3)
    begun, ended = threading.Event(), threading.Event()

    def slowly() -> bool:
        begun.set()
        time.sleep(0.5)
        ended.set()
        return True

    with leases.kept(slowly):
        assert begun.wait(20)
    assert ended.is_set()


def test_a_lease_is_kept_though_postgresql_closed_its_connection(
    monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., Any]
) -> None:
    """C50: the keeper's next turn has a new one; the work is not taken for a killed worker's."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.3)
    used: list[int] = []

    with leases.kept(noting(used)):
        wait_until(lambda: used, what="the first renewal")
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s)", [used[0]])
        wait_until(lambda: used[-1] != used[0], what="a renewal by another connection")


def test_a_keeper_leaves_no_connection_behind(monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., Any]) -> None:
    """Also before Python collects its garbage: a worker does much in a row, and PostgreSQL has a hundred connections."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.3)
    used: list[int] = []

    def gone() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_stat_activity where pid = %s", [used[0]])
            return bool(cursor.fetchone()[0] == 0)

    gc.disable()
    try:
        with leases.kept(noting(used)):
            wait_until(lambda: used, what="the first renewal")
        wait_until(gone, what="the end of the keeper's connection")
    finally:
        gc.enable()
