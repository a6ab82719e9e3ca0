"""Parts of `make run` that the environment gives, and what it makes up itself."""

import json
import os
import time
from pathlib import Path

import pytest
import redis

from local import generated
from local.run import Run


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that waits for its workers; Redis is named by REDIS_URL_FILE."""
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "redis-url"))
    (tmp_path / "redis-url").write_text(os.environ["REDIS_URL"] + "\n")
    monkeypatch.delenv("REDIS_URL")
    run = Run.__new__(Run)  # without the lock and the ports of a real start
    run.began = time.time() - 1
    return run


def test_workers_are_counted_in_the_redis_that_a_file_names(waiting: Run) -> None:
    address = Path(os.environ["REDIS_URL_FILE"]).read_text().strip()
    assert waiting._workers() == 0
    with redis.Redis.from_url(address) as client:
        client.zadd("workers:alive", {"quick@here": time.time(), "of-yesterday@here": time.time() - 86_400})
    assert waiting._workers() == 1


def test_a_redis_that_is_not_up_yet_is_waited_for(waiting: Run) -> None:
    Path(os.environ["REDIS_URL_FILE"]).write_text("redis://127.0.0.1:1/0")
    assert waiting._workers() == 0


def test_secrets_are_whole_or_as_they_were(tmp_path: Path) -> None:
    """Half a file, left by a full disk or a kill, would lock the shop out of its own database."""
    kept = tmp_path / "secrets.json"
    kept.write_text(json.dumps({"POSTGRES_PASSWORD": "of the database"}))
    (tmp_path / "secrets.new").write_text('{"POSTGRES_PASS')
    made = generated.read(kept)
    assert made["POSTGRES_PASSWORD"] == "of the database"
    assert json.loads(kept.read_text()) == made
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]
