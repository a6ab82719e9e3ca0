"""A server that does not start makes room for the next choice, in `make run` and in the tests, and nothing is left of it."""

import atexit
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from local import identity, programs, redis_server, run, services
from local.ports import any_free
from local.supervisor import Supervisor

IMAGE = "redis:7-alpine"


class Said(Supervisor):
    """A supervisor that keeps what it says."""

    def __init__(self, logs: Path) -> None:
        super().__init__(logs)
        self.lines: list[str] = []

    def say(self, line: str, *, prefix: str = "local") -> None:
        if prefix == "local":
            self.lines.append(line)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[run.Run]:
    """A start that has ports and secrets, in a folder of its own; whatever it starts is stopped."""
    tmp_path.chmod(0o711)  # PostgreSQL may run as another user
    monkeypatch.setattr(run, "RUN", tmp_path)
    begun = run.Run.__new__(run.Run)  # without the lock of a real start
    supervisor = Said(tmp_path / "logs")
    supervisor.logs.mkdir()
    begun.supervisor = supervisor
    begun.ports = {"redis": any_free(), "postgres": any_free()}
    begun.secrets = {"REDIS_PASSWORD": "of-this-test", "POSTGRES_PASSWORD": "of-this-test"}
    yield begun
    supervisor._stop_all()


def running(start: run.Run) -> list[list[str]]:
    """The commands of the programs that are kept running."""
    return [kept.orders.command for stage in start.supervisor.stages for kept in stage if kept.alive()]


def test_a_redis_that_does_not_start_makes_room_for_the_next(start: run.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real, waits = programs.redis_servers()[0], redis_server.Server.wait
    monkeypatch.setattr(programs, "redis_servers", lambda: [Path("/bin/false"), real])
    monkeypatch.setattr(
        redis_server.Server, "wait", lambda server, seconds: waits(server, 1 if "false" in str(server.program) else 30)
    )  # less patience than with a real one
    url = start._redis("redis", ())
    with redis.Redis.from_url(url) as client:
        assert client.ping()
    assert isinstance(start.supervisor, Said)
    (line,) = [line for line in start.supervisor.lines if "trying" in line]
    assert line.startswith("/bin/false did not start (Redis on port ")
    assert line.endswith("; trying the next Redis.")
    assert [command[0] for command in running(start)] == [str(real)]


def test_a_postgresql_that_does_not_start_makes_room_for_the_next(
    start: run.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = programs.postgres_folders()[0]
    broken = tmp_path / "broken"
    broken.mkdir(mode=0o755)
    (broken / "postgres").symlink_to(real / "postgres")
    (broken / "initdb").write_text("#!/bin/sh\necho 'initdb: error: not today' >&2\nexit 1\n")
    (broken / "initdb").chmod(0o755 | stat.S_IXUSR)
    as_whom = identity.for_postgres(real / "postgres", tmp_path)[0]
    monkeypatch.setattr(programs, "postgres_folders", lambda: [broken, real])
    monkeypatch.setattr(identity, "for_postgres", lambda program, folder: [as_whom])
    url = start._postgres()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert isinstance(start.supervisor, Said)
    said = f"{broken}/postgres as {as_whom.name} did not start (initdb: error: not today); trying the next."
    assert [line for line in start.supervisor.lines if "trying" in line] == [said]
    assert [str(real / "postgres") in command for command in running(start)] == [True]


class Container:
    """Stands where testcontainers' containers stand, on a machine whose engine may fail; what was started and stopped."""

    happened: list[str]
    fails = False

    def __init__(self, image: str, **options: Any) -> None:
        self.happened.append(f"make {image}")

    def start(self) -> None:
        self.happened.append("start")
        if self.fails:
            raise RuntimeError("no space left on device")

    def stop(self) -> None:
        self.happened.append("stop")

    def get_container_host_ip(self) -> str:
        return "172.17.0.1"

    def get_exposed_port(self, port: int) -> int:
        return port + 10_000

    def get_connection_url(self) -> str:
        return "postgresql://photoorders:test@172.17.0.1:15432/photoorders"


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Container]]:
    """An engine that has every image; the environment names no server."""

    class Ours(Container):
        happened: list[str] = []

    monkeypatch.setattr("testcontainers.community.redis.RedisContainer", Ours)
    monkeypatch.setattr("testcontainers.community.postgres.PostgresContainer", Ours)
    monkeypatch.setattr(services, "_images", lambda wanted: [image for image in wanted if "7" in image][:1])
    ends: list[Any] = []
    monkeypatch.setattr(atexit, "register", lambda end, *arguments, **options: ends.append((end, arguments, options)))
    yield Ours
    for end, arguments, options in reversed(ends):
        end(*arguments, **options)
    assert Ours.happened.count("start") == Ours.happened.count("stop") == 1


def test_a_container_is_the_first_choice_of_the_tests(containers: type[Container]) -> None:
    """DESIGN 5: where an engine answers and has the images."""
    choices = services._redis_choices()
    assert services._first("Redis", choices) == "redis://172.17.0.1:16379/0"
    assert containers.happened == [f"make {IMAGE}", "start"]
    assert next(choices)[0] == str(programs.redis_servers()[0])


def test_postgresqls_container_too_is_the_first_choice(containers: type[Container]) -> None:
    assert services._first("PostgreSQL", services._postgres_choices(False)) == (
        "postgresql://photoorders:test@172.17.0.1:15432/photoorders"
    )
    assert containers.happened == ["make postgres:17-alpine", "start"]


def test_a_container_that_does_not_start_makes_room_for_the_wheels_program(
    containers: type[Container], capsys: pytest.CaptureFixture[str]
) -> None:
    """And is gone before the next choice is tried."""
    containers.fails = True
    url = services._first("Redis", services._redis_choices())
    assert containers.happened == [f"make {IMAGE}", "start", "stop"]
    with redis.Redis.from_url(url) as client:
        assert client.ping()
    assert capsys.readouterr().err == (
        f"Redis: the container {IMAGE} did not start (no space left on device); trying the next.\n"
    )


def test_only_images_that_the_engine_has_are_chosen_and_no_engine_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """No image is pulled: tests reach nothing outside."""
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    monkeypatch.setenv("TC_MAX_TRIES", "20")
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{any_free()}")
    assert services._images(services.REDIS_IMAGES) == []

    class Engine:
        def __init__(self, timeout: int) -> None:
            self.client = self
            self.images = self

        def list(self) -> list[Any]:
            return [type("Image", (), {"tags": tags}) for tags in ([], ["redis:7"], ["mysql:9", "redis:8-alpine"])]

    monkeypatch.setattr("testcontainers.core.docker_client.DockerClient", Engine)
    assert services._images(services.REDIS_IMAGES) == ["redis:8-alpine", "redis:7"]
