"""The photos' Redis forgets on its disk too what has expired."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery.schedules import crontab
from django.conf import LazySettings
from structlog.testing import capture_logs

from local import ports, programs, redis_server
from local.fixtures import Program, stopped_afterwards, wait_until
from uploads import append_only_file, tasks

PHOTO = b"\xff\xd8" + 1_000_000 * b"\x5a"


@pytest.fixture
def durable_redis(tmp_path: Path, settings: LazySettings) -> Iterator[redis.Redis]:
    """A Redis of the test's own with an append-only file, which never rewrites it by itself."""
    options = ('save ""', "appendonly yes", "appendfsync always", "auto-aof-rewrite-percentage 0")
    server = redis_server.Server(programs.redis_servers()[0], tmp_path / "redis", ports.any_free(), "secret", options)
    server.prepare()
    program = Program("redis", server.orders(), tmp_path, {})
    with stopped_afterwards(program):
        program.start()
        server.wait(20)
        settings.PHOTOS_REDIS_URL = server.url
        with redis.Redis.from_url(server.url) as client:
            yield client


def bytes_on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.services
def test_expired_photos_leave_the_disk_when_the_file_is_written_anew(
    durable_redis: redis.Redis, tmp_path: Path
) -> None:
    durable_redis.set("photo:kept", "stays")
    for number in range(4):
        durable_redis.set(f"photo:{number}", PHOTO, px=1)
    wait_until(lambda: durable_redis.dbsize() == 1, what="the photos to expire")
    assert bytes_on_disk(tmp_path / "redis") > 4_000_000
    assert tasks.rewrite_append_only_file.apply().state == "SUCCESS"
    wait_until(lambda: bytes_on_disk(tmp_path / "redis") < 10_000, what="the file to be written anew")
    assert durable_redis.get("photo:kept") == b"stays"


@pytest.mark.services
def test_a_redis_that_refuses_is_named_in_the_log(durable_redis: redis.Redis, settings: LazySettings) -> None:
    connection: Any = durable_redis  # redis-py does not type its free commands
    connection.execute_command("ACL SETUSER shop on >shop ~* +@all -bgrewriteaof")
    settings.PHOTOS_REDIS_URL = settings.PHOTOS_REDIS_URL.replace("//:secret@", "//shop:shop@")
    with capture_logs() as logs:
        assert tasks.rewrite_append_only_file.apply().state == "FAILURE"
    refused = [line for line in logs if line["event"] == "append_only_file_not_rewritten"]
    assert [line["log_level"] for line in refused] == ["error"]
    assert "bgrewriteaof" in refused[0]["reason"].lower()


@pytest.mark.services
def test_a_redis_without_the_file_is_left_alone(durable_redis: redis.Redis, tmp_path: Path) -> None:
    durable_redis.config_set("appendonly", "no")
    before = bytes_on_disk(tmp_path / "redis")
    assert append_only_file.rewrite() is False
    assert bytes_on_disk(tmp_path / "redis") == before


def test_a_redis_that_is_away_raises_what_the_task_tries_again(settings: LazySettings) -> None:
    settings.PHOTOS_REDIS_URL = f"redis://127.0.0.1:{ports.any_free()}/0"
    with pytest.raises(redis.ConnectionError):
        append_only_file.rewrite()
    retried = tasks.rewrite_append_only_file.autoretry_for  # type: ignore[attr-defined]  # celery's decorator adds it
    assert retried == (redis.ConnectionError, redis.TimeoutError)


def test_the_file_is_written_anew_more_than_once_a_day(settings: LazySettings) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["uploads-rewrite-append-only-file"]
    assert entry["task"] == tasks.rewrite_append_only_file.name
    assert entry["schedule"] == crontab(hour="4,16", minute="10")
