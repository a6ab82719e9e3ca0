"""Parts of `make run` that the environment gives, and what it makes up itself."""

import json
import os
import time
from pathlib import Path

import pytest
import redis

from local import builtin, generated, manage
from local.builtin import Needs
from local.run import Run

PARTS = (
    *("DATABASE_URL", "REDIS_URL", "PHOTOS_REDIS_URL", "EMAIL_URL", "STRIPE_SECRET_KEY", "GOOGLE_MAPS_API_KEY"),
    *("AWS_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"),
)
ALL = {"postgres", "redis", "photos_redis", "s3", "sandbox", "stripe", "google", "mail"}


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


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no part of the shop."""
    for name in (*PARTS, "SECRET_KEY", "SITE_URL", "DEBUG", "DEMO_API_KEY", "DEMO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.setenv("DEMO", "1")
    return monkeypatch


def made_up(tmp_path: Path) -> dict[str, str]:
    """What `make run` adds to the environment, on port 8000 and with no part of its own."""
    return builtin.variables(Needs(*[False] * 8), {"web": 8000}, generated.read(tmp_path / "secrets.json"))


def test_what_a_file_holds_is_not_overruled(tmp_path: Path, bare: pytest.MonkeyPatch) -> None:
    """The plain variable would win over the file in every process (photoorders/environment.py)."""
    (tmp_path / "key").write_text("of the demo's own trade customer\n")
    kept = generated.read(tmp_path / "secrets.json")
    assert made_up(tmp_path) == {
        "PORT": "8000",
        "HOST": "127.0.0.1",
        "DEBUG": "0",
        "SITE_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": kept["SECRET_KEY"],
        "DEMO_API_KEY": kept["DEMO_API_KEY"],
        "DEMO_PASSWORD": "photoorders",
    }
    bare.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    bare.setenv("SITE_URL_FILE", str(tmp_path / "site"))
    bare.setenv("DEMO_API_KEY_FILE", str(tmp_path / "key"))
    found = made_up(tmp_path)
    assert {"SECRET_KEY", "SITE_URL"} & set(found) == set()
    assert found["DEMO_API_KEY"] == "of the demo's own trade customer"


def test_no_key_is_made_up_for_a_real_shop(tmp_path: Path, bare: pytest.MonkeyPatch) -> None:
    """DESIGN 4: with DEMO=0 a missing secret stops the start, so it has to be missing still."""
    bare.setenv("DEMO", "0")
    assert set(made_up(tmp_path)) == {"PORT", "HOST", "DEBUG", "SITE_URL"}


def test_a_command_is_not_given_what_a_file_of_its_own_holds(tmp_path: Path, bare: pytest.MonkeyPatch) -> None:
    """The running shop's environment is taken over for what is not set here, in either form."""
    bare.setattr(manage, "RUN", tmp_path)
    manage.remember({"DATABASE_URL": "postgres://of-the-shop", "SECRET_KEY": "of the shop"})
    bare.setenv("DATABASE_URL_FILE", str(tmp_path / "elsewhere"))
    manage.adopt(["restore", "backups/x"])
    assert os.environ.get("DATABASE_URL") is None
    assert os.environ["SECRET_KEY"] == "of the shop"


@pytest.mark.parametrize("form", ["{}", "{}_FILE"])
@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ([], set()),
        (["DATABASE_URL"], {"postgres"}),
        (["REDIS_URL"], {"redis", "photos_redis"}),  # one that is given serves for photos too
        (["PHOTOS_REDIS_URL"], {"photos_redis"}),
        (["AWS_S3_ENDPOINT_URL"], {"s3"}),
        (["AWS_ACCESS_KEY_ID"], {"s3"}),  # Amazon's own, which needs no address
        (["STRIPE_SECRET_KEY"], {"stripe"}),
        (["GOOGLE_MAPS_API_KEY"], {"google"}),
        (["EMAIL_URL"], {"mail"}),
        (["STRIPE_SECRET_KEY", "GOOGLE_MAPS_API_KEY", "EMAIL_URL"], {"stripe", "google", "mail", "sandbox"}),
        (list(PARTS), ALL),
    ],
)
def test_each_part_is_the_one_that_is_given_or_else_the_built_in_one(
    bare: pytest.MonkeyPatch, given: list[str], left_out: set[str], form: str
) -> None:
    for name in given:
        bare.setenv(form.format(name), "given")
    assert {name for name, needed in vars(Needs.of_environment()).items() if needed} == ALL - left_out
