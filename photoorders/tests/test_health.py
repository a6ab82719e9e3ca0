"""/health: what it says of each dependency when that one is broken, and what it costs those who ask often."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test import Client

from local.fixtures import Bucket
from photoorders import health, workers

NAMES = {"database", "redis", "photos_redis", "broker", "storage", "workers"}
AWAY = "redis://127.0.0.1:9/0"  # nobody listens on port 9


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is kept of an earlier moment of the test, nor for the next one."""
    monkeypatch.setattr(health, "KEEP_SECONDS", 0)
    yield
    health._kept.clear()


@pytest.fixture
def all_well(db: None, s3_bucket: Bucket) -> None:
    workers.report(SimpleNamespace(hostname="one@here"))


def broken(client: Client, path: str = "/health/ready") -> set[str]:
    """Names of the checks that failed. The answer's shape, status and every other check are looked at on the way."""
    answer = client.get(path)
    body = answer.json()
    assert set(body) == {"status", "checks"}
    assert set(body["checks"]) == NAMES
    assert {frozenset(check) for check in body["checks"].values()} == {frozenset({"ok", "ms"})}
    assert {(type(check["ok"]), type(check["ms"])) for check in body["checks"].values()} == {(bool, int)}
    failed = {name for name, check in body["checks"].items() if not check["ok"]}
    assert (answer.status_code, body["status"]) == ((503, "degraded") if failed else (200, "ok"))
    assert "no-store" in answer["Cache-Control"]
    return failed


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_with_everything_there_all_six_are_ok(all_well: None, client: Client, path: str) -> None:
    assert broken(client, path) == set()


def test_a_database_that_is_away_is_said(all_well: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", "9")  # of connections yet to be made: the check makes its own
    assert broken(client) == {"database"}


def test_a_redis_that_is_away_is_said_and_takes_the_workers_reports_with_it(
    all_well: None, client: Client, settings: Any
) -> None:
    settings.REDIS_URL = AWAY
    assert broken(client) == {"redis", "workers"}


def test_a_photos_redis_that_is_away_is_said(all_well: None, client: Client, settings: Any) -> None:
    settings.PHOTOS_REDIS_URL = AWAY
    assert broken(client) == {"photos_redis"}


def test_a_broker_that_is_away_is_said(all_well: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", AWAY)
    monkeypatch.setattr(current_app.conf, "broker_write_url", AWAY)
    assert broken(client) == {"broker"}


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_S3_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_STORAGE_BUCKET_NAME", "no-such-bucket")]
)
def test_a_storage_or_a_bucket_that_is_away_is_said(
    all_well: None, client: Client, settings: Any, name: str, value: str
) -> None:
    setattr(settings, name, value)
    assert broken(client) == {"storage"}


def test_workers_that_do_not_report_are_said(db: None, s3_bucket: Bucket, client: Client) -> None:
    assert broken(client) == {"workers"}
    workers.report(SimpleNamespace(hostname="one@here"))
    assert broken(client) == set()
    workers.leave("one@here")
    assert broken(client) == {"workers"}


def test_those_who_ask_at_once_share_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty who ask for two seconds' news cost what one does; afterwards it is asked anew."""
    monkeypatch.setattr(health, "KEEP_SECONDS", 2)
    asked: list[int] = []
    monkeypatch.setattr(health, "CHECKS", {"counted": lambda: asked.append(1)})
    threads = [threading.Thread(target=health.kept_checks) for _unused in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    (then, checks) = health._kept[0]
    health._kept[:] = [(then - 2, checks)]
    assert health.kept_checks()["counted"]["ok"] is True
    assert len(asked) == 2


def test_word_that_something_is_away_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a process goes on saying so after all is well again, while the other one says that it is."""
    monkeypatch.setattr(health, "KEEP_SECONDS", 60)
    outcomes = iter([LookupError, None])

    def check() -> None:
        if (error := next(outcomes)) is not None:
            raise error

    monkeypatch.setattr(health, "CHECKS", {"one": check})
    assert [health.kept_checks()["one"]["ok"] for _time in range(3)] == [False, True, True]


def test_one_client_asks_the_storage_again_and_again(s3_bucket: Bucket) -> None:
    health._s3.cache_clear()
    for _unused in range(3):
        health.storage()
    assert health._s3.cache_info().misses == 1


def test_that_the_process_lives_is_said_without_asking_anything(
    client: Client, settings: Any, django_assert_num_queries: Any, db: None
) -> None:
    settings.REDIS_URL = settings.PHOTOS_REDIS_URL = AWAY
    settings.CACHES = settings.CACHES | {"default": settings.CACHES["default"] | {"LOCATION": AWAY}}
    with django_assert_num_queries(0):
        answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
