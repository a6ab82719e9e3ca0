"""A Redis server of one's own: a folder for its append-only file, a port on the loopback interface, a password."""

import dataclasses
import time
from pathlib import Path

import redis

from local.keeper import Orders


@dataclasses.dataclass(frozen=True)
class Server:
    program: Path
    folder: Path
    port: int
    password: str
    settings: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Writes the configuration: a file of one's own, so that the password stands on no command line."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"dir {_quoted(self.folder)}",
            "daemonize no",
            "loglevel warning",
        ]
        configuration = self.folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text("\n".join([*lines, *self.settings]) + "\n")

    def orders(self) -> Orders:
        return Orders([str(self.program), str(self.folder / "redis.conf")], grace=30)

    def wait(self, seconds: float) -> None:
        """Waits until the server has read its data and answers. TimeoutError after `seconds`."""
        deadline = time.monotonic() + seconds
        with redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError as error:
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"Redis on port {self.port}: {error}") from error
                    time.sleep(0.05)


def _quoted(path: Path) -> str:
    """As Redis' configuration takes a word with spaces in it."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
