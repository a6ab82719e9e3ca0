"""Where the tests' PostgreSQL and Redis come from, and that nobody's data is emptied."""

import os
import socket
from pathlib import Path

import pytest
import redis

from local import generated, programs, redis_server, services
from local.kept import Kept
from local.ports import any_free


@pytest.fixture
def spare_server() -> str:
    """A Redis of this test's own, from the local programs."""
    return services._local_redis(programs.redis_servers()[0]).rpartition("/")[0]


def test_a_redis_database_that_holds_data_is_never_taken(spare_server: str) -> None:
    with redis.Redis.from_url(f"{spare_server}/3") as client:
        client.set("basket", "of somebody")
        assert services.claim_database(f"{spare_server}/3") == f"{spare_server}/15"
        assert client.get("basket") == b"of somebody"


def test_two_runs_at_once_get_two_databases(spare_server: str) -> None:
    first = services.claim_database(f"{spare_server}/5")
    assert first == f"{spare_server}/5"
    assert services.claim_database(f"{spare_server}/5") == f"{spare_server}/15"


def test_the_database_of_a_run_that_is_gone_is_emptied_and_taken(spare_server: str) -> None:
    with redis.Redis.from_url(f"{spare_server}/6") as client:
        client.set(services.MARKER, f"{socket.gethostname()} 4194999")
        client.set("left", "over")
        assert services.claim_database(f"{spare_server}/6") == f"{spare_server}/6"
        assert client.get("left") is None


def test_two_runs_that_find_the_database_of_one_that_is_gone_do_not_both_take_it(
    spare_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{spare_server}/6"
    with redis.Redis.from_url(address) as client:
        client.set(services.MARKER, f"{socket.gethostname()} 4194999")
        gone = services._gone

        def taken_meanwhile(holder: str) -> bool:
            client.set(services.MARKER, f"{socket.gethostname()} 1")
            return gone(holder)

        monkeypatch.setattr(services, "_gone", taken_meanwhile)
        assert services.claim_database(address) == f"{spare_server}/15"
        assert client.get(services.MARKER) == f"{socket.gethostname()} 1".encode()


def test_a_choice_that_does_not_start_falls_through_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> str:
        raise OSError("no such program\nand more lines")

    assert (
        services._first("Redis", iter([("the first", fails), ("the second", lambda: "redis://here/0")]))
        == "redis://here/0"
    )
    assert capsys.readouterr().err == "Redis: the first did not start (no such program); trying the next.\n"


def test_nothing_that_starts_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(SystemExit, match="make install"):
        services._first("Redis", iter([]))


def test_the_run_reaches_nothing_outside() -> None:
    for name in ("STRIPE_API_BASE", "GOOGLE_MAPS_BASE_URL", "AWS_S3_ENDPOINT_URL", "SITE_URL"):
        assert os.environ[name].startswith("http://127.0.0.1:")
    assert os.environ["EMAIL_URL"].startswith("smtp://127.0.0.1:")


def test_secrets_are_made_once_and_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    first = generated.read(tmp_path / "secrets.json")
    assert generated.read(tmp_path / "secrets.json") == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert first["STRIPE_WEBHOOK_SECRET"].startswith("whsec_sandbox_")
    assert len(set(first.values())) == len(first)


def test_a_redis_starts_in_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / 'my "own" shop \\ 2'
    server = redis_server.Server(programs.redis_servers()[0], folder, any_free(), "secret", ("appendonly yes",))
    server.prepare()
    kept = Kept("redis", server.orders())
    try:
        server.wait(10)
    finally:
        kept.stop()
    assert (folder / "appendonly.aof").exists() or (folder / "appendonlydir").exists()
