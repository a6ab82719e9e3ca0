"""A PostgreSQL server of one's own: a data directory, a port on the loopback interface, a password."""

import dataclasses
import re
import shutil
import signal
import time
from pathlib import Path

import psycopg

from local import identity, programs
from local.identity import Identity
from local.keeper import Orders

USER = "photoorders"
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # tests need no crash safety


class CannotStart(Exception):
    """The server could not be started; the message says why in one line."""


@dataclasses.dataclass(frozen=True)
class Server:
    """What is needed to start the server in `data` and to reach it."""

    programs: Path
    data: Path
    port: int
    password: str
    as_whom: Identity
    settings: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{USER}"

    def orders(self) -> Orders:
        options = (
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=120",
            *self.settings,
        )
        words = [word for option in options for word in ("-c", option)]
        command = self.as_whom.command(self.programs / "postgres", "-D", self.data, *words)
        return Orders(
            command, stop_signal=int(signal.SIGINT), grace=30, user=self.as_whom.user
        )  # SIGINT: PostgreSQL's fast shutdown

    def prepare(self) -> None:
        """Makes the data directory when it is new, and sees that a crash left nothing in the way. CannotStart."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self.as_whom.own(self.data)
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists() and not _is_postgres(pid_file.read_text().split("\n")[0]):
            pid_file.unlink()  # left by a killed server; its number may belong to another program by now

    def _initialise(self) -> None:
        """Makes the directory beside its place and moves it there when it is whole: a start may be stopped in between."""
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        password_file = self.data.parent / f"{self.data.name}.password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        self.as_whom.own(fresh)
        self.as_whom.own(password_file)
        try:
            answer = self.as_whom.run(*self._initdb(fresh), f"--pwfile={password_file}")
        except OSError as error:
            raise CannotStart(str(error)) from error
        finally:
            password_file.unlink()
        if answer.returncode:
            raise CannotStart(_reason(answer.stderr) or f"initdb ended with {answer.returncode}")
        fresh.rename(self.data)

    def _initdb(self, folder: Path) -> list[str | Path]:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if programs.postgres_version(self.programs) < 17:  # upper("ã") works either way; the system needs no locale
            locale = ["--locale=C.UTF-8"]
        options = ["-U", USER, "-A", "scram-sha-256", "--encoding=UTF8", *locale]
        return [self.programs / "initdb", "-D", folder, *options]

    def wait(self, seconds: float) -> None:
        """Waits until the server answers, and makes the database when it is new. CannotStart after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with psycopg.connect(
                    self.url.rsplit("/", 1)[0] + "/postgres", connect_timeout=2, autocommit=True
                ) as connection:
                    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [USER]).fetchone():
                        connection.execute(f"CREATE DATABASE {USER}")
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise CannotStart(str(error).splitlines()[0]) from error
                time.sleep(0.1)


def candidates(data: Path, port: int, password: str, settings: tuple[str, ...] = ()) -> list[Server]:
    """The ways to run a server on `data` here, best first: program and identity; only those of the data's version."""
    data.parent.mkdir(parents=True, exist_ok=True)
    existing = int((data / "PG_VERSION").read_text()) if (data / "PG_VERSION").exists() else 0
    return [
        Server(folder, data, port, password, as_whom, settings)
        for folder in programs.postgres_folders()
        if not existing or programs.postgres_version(folder) == existing
        for as_whom in identity.for_postgres(folder / "postgres", data.parent)
    ]


def _reason(said: str) -> str:
    """The line of a program's output that names what went wrong; its last one where none does."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if re.search(r"\b(error|FATAL|PANIC):", line)), lines[-1] if lines else "")


def _is_postgres(pid: str) -> bool:
    try:
        return "postgres" in Path(f"/proc/{int(pid)}/comm").read_text()
    except (OSError, ValueError):
        return False
