"""Starting a program under a keeper, from Python: for tests and for the supervisor."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from local.keeper import Orders, keeper_command

ROOT = Path(__file__).resolve().parent.parent


class Kept:
    """A program under its keeper. The program ends with this process, whatever ends this process."""

    def __init__(
        self,
        name: str,
        orders: Orders,
        *,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | int | None = None,
        hold: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self.orders = orders
        self.environment = dict(environment or {})
        self.output = output
        self.hold = hold
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            keeper_command(self.name),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment, "KEEPER": self.orders.to_json()},
            cwd=ROOT,
            start_new_session=True,  # a signal to the terminal's group is for the supervisor, who stops things in order
            stdin=subprocess.DEVNULL,
            pass_fds=self.hold,
            stdout=self.output,
            stderr=subprocess.STDOUT if self.output is not None else None,
        )

    def restart(self) -> None:
        """Starts both anew after the keeper died; a program that is still there dies with its keeper."""
        self.process = self._start()

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Ends the program and its keeper, and waits for both."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()
