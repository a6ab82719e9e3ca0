"""PostgreSQL and Redis for the tests.

The environment's DATABASE_URL and REDIS_URL; else containers, where an engine answers and has the images; else the
programs that wheels bring; else programs on PATH. A choice that does not start falls through to the next with one
line saying so. What is started here ends with this process.
"""

import atexit
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import redis

from local import postgres, programs, redis_server
from local.keeper import Orders
from local.kept import Kept
from local.ports import any_free

POSTGRES_IMAGES = (
    "postgres:18-alpine",
    "postgres:18",
    "postgres:17-alpine",
    "postgres:17",
    "postgres:16-alpine",
    "postgres:16",
)
REDIS_IMAGES = ("redis:8-alpine", "redis:8", "redis:7-alpine", "redis:7", "valkey/valkey:8-alpine")
MARKER = "photoorders:test-run"  # names the run that uses a Redis database


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def postgres_url(*, durable: bool = False) -> str:
    """A PostgreSQL URL whose user may create databases. SystemExit when nothing starts.

    One that is started here forgets what it wrote when the machine stops, unless `durable`.
    """
    return os.environ.get("DATABASE_URL") or _first("PostgreSQL", _postgres_choices(durable))


def redis_url() -> str:
    """A Redis URL naming a database that nobody else uses, claimed for this run. SystemExit when nothing starts."""
    given = os.environ.get("REDIS_URL")
    return claim_database(given or _first("Redis", _redis_choices()))


def _first(what: str, choices: Iterator[tuple[str, Callable[[], str]]]) -> str:
    for name, start in choices:
        try:
            return start()
        except Exception as error:  # noqa: BLE001 - whatever stops one choice, the next is tried, and the line says why
            say(
                f"{what}: {name} did not start ({str(error).strip().splitlines()[0][:200] if str(error) else type(error).__name__}); trying the next."
            )
    raise SystemExit(f"{what} was not found. Run `make install`, or put a URL into the environment (see .env.example).")


def _postgres_choices(durable: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    for image in _images(POSTGRES_IMAGES):
        yield f"the container {image}", partial(_postgres_container, image)
    data = _temporary_folder() / "data"
    settings = () if durable else postgres.FAST_AND_FORGETFUL
    for server in postgres.candidates(data, any_free(), secrets.token_urlsafe(16), settings):
        yield f"{server.programs} as {server.as_whom.name}", partial(_local_postgres, server)


def _redis_choices() -> Iterator[tuple[str, Callable[[], str]]]:
    for image in _images(REDIS_IMAGES):
        yield f"the container {image}", partial(_redis_container, image)
    for program in programs.redis_servers():
        yield str(program), partial(_local_redis, program)


def _local_postgres(server: postgres.Server) -> str:
    shutil.rmtree(server.data, ignore_errors=True)  # what the choice before may have left
    server.prepare()
    kept = _keep("postgres", server.orders(), server.data.parent)
    try:
        server.wait(20)
    except postgres.CannotStart:
        kept.stop()
        raise
    return server.url


def _local_redis(program: Path) -> str:
    folder = _temporary_folder()
    server = redis_server.Server(program, folder, any_free(), secrets.token_urlsafe(16), ('save ""', "appendonly no"))
    server.prepare()
    kept = _keep("redis", server.orders(), folder)
    try:
        server.wait(10)
    except TimeoutError:
        kept.stop()
        raise
    return server.url


def _keep(name: str, orders: Orders, folder: Path) -> Kept:
    with (folder / f"{name}.log").open("ab") as log:
        kept = Kept(name, orders, output=log)
    atexit.register(kept.stop)
    return kept


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="photoorders-test-"))
    folder.chmod(0o711)  # PostgreSQL may run as another user
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _images(wanted: tuple[str, ...]) -> list[str]:
    """Those of the images that an engine here already has; none when no engine answers."""
    if not os.environ.get("DOCKER_HOST") and not Path("/var/run/docker.sock").exists():
        return []

    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # its image may not be here; atexit cleans up
    os.environ.setdefault("TC_MAX_TRIES", "20")  # seconds until an image that does not start is given up
    from testcontainers.core.docker_client import DockerClient

    try:
        have = {tag for image in DockerClient(timeout=5).client.images.list() for tag in image.tags}
    except Exception:  # noqa: BLE001 - an engine that does not answer, for whatever reason, is no engine
        return []
    return [image for image in wanted if image in have]


def _postgres_container(image: str) -> str:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(image, username="photoorders", dbname="photoorders", driver=None)
    _start(container)
    atexit.register(container.stop)
    return str(container.get_connection_url())


def _redis_container(image: str) -> str:
    from testcontainers.community.redis import RedisContainer

    container = RedisContainer(image)
    _start(container)
    atexit.register(container.stop)
    return f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


def _start(container: Any) -> None:
    """Starts a container, and leaves none behind where it does not start."""
    try:
        container.start()
    except Exception:  # whatever stopped its start goes on upwards
        container.stop()
        raise


def claim_database(url: str) -> str:
    """`url` with the number of a Redis database that is empty, or left by a test run that is gone; marked as taken.

    Tests empty their database again and again, so a database that holds anybody's data is never taken.
    """
    server, _, number = url.rpartition("/") if url.count("/") > 2 else (url, "", "0")
    given = int(number) if number.isdigit() else 0
    for candidate in [given, *(other for other in range(15, -1, -1) if other != given)]:
        address = f"{server}/{candidate}"
        with redis.Redis.from_url(address) as client:
            try:
                free = _claim(client)
            except redis.ResponseError:
                continue  # this server has fewer databases
        if free:
            atexit.register(release_database, address)
            return address
    raise SystemExit(
        f"Every database of the Redis at {server.rpartition('@')[2]} holds data; the tests need an empty one."
    )


def _claim(client: redis.Redis) -> bool:
    """In one transaction: of two runs that find the database of one that is gone, one gets it."""
    pipeline: Any = client.pipeline()  # redis declares no type of `watch`
    with pipeline as commands:
        commands.watch(MARKER)
        holder = commands.get(MARKER)
        if not _gone(_text(holder)) if holder else commands.dbsize():
            return False
        commands.multi()
        commands.flushdb()
        commands.set(MARKER, f"{socket.gethostname()} {os.getpid()}")
        try:
            commands.execute()
        except redis.WatchError:
            return False
    return True


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _gone(holder: str) -> bool:
    host, _, process = holder.partition(" ")
    return host == socket.gethostname() and not Path(f"/proc/{process}").exists()


def empty_database(url: str) -> None:
    """Empties a claimed database and keeps the claim."""
    with redis.Redis.from_url(url) as client, client.pipeline(transaction=True) as commands:
        commands.flushdb()
        commands.set(MARKER, f"{socket.gethostname()} {os.getpid()}")
        commands.execute()


def release_database(url: str) -> None:
    try:
        with redis.Redis.from_url(url) as client:
            client.flushdb()
    except redis.RedisError:
        pass  # the server ended before us, and the data with it
