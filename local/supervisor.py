"""Runs the shop's programs together: each under a keeper, its lines prefixed, the later stages stopped first.

honcho and the like start and stop everything at once. Here databases must be up before the migrations and down last.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

from local.keeper import Orders
from local.kept import ROOT, Kept

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class Stop(BaseException):
    """Somebody asked the supervisor to stop, or whoever started it is gone."""


class Supervisor:
    """A context manager: leaving it, for whatever reason, stops everything that was started in it."""

    def __init__(self, logs: Path, *, hold: tuple[int, ...] = ()) -> None:
        self.logs = logs
        self.hold = hold  # descriptors that stay open as long as any keeper lives
        self.stages: list[list[Kept]] = []
        self.parent = os.getppid()
        self._printing = threading.Lock()
        self._width = 9
        self._names: list[str] = []
        self._running_once: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Supervisor":
        self.logs.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup's choice stands
                signal.signal(number, self._raise_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGINT, _ask_for_patience)
        self._stop_all()
        return kind is Stop

    def _raise_stop(self, number: int, frame: FrameType | None) -> None:
        raise Stop

    def start(self, stage: int, name: str, orders: Orders, environment: Mapping[str, str]) -> Kept:
        """Starts a program under a keeper. Stages are stopped from the highest to 0; within one, all at once."""
        while len(self.stages) <= stage:
            self.stages.append([])
        kept = Kept(name, orders, environment=environment, output=subprocess.PIPE, hold=self.hold)
        self.stages[stage].append(kept)
        self._relay(name, kept.process.stdout)
        return kept

    def drop(self, kept: Kept) -> None:
        """Stops a program that is not wanted after all."""
        kept.stop()
        self.stages = [[other for other in stage if other is not kept] for stage in self.stages]

    def run_once(self, name: str, command: list[str], environment: Mapping[str, str]) -> int:
        """Runs a program to its end; its exit code."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._running_once = process
        relay = self._relay(name, process.stdout)
        while process.poll() is None:
            self.check_parent()
            time.sleep(0.05)
        relay.join(timeout=2)
        self._running_once = None
        return process.returncode

    def watch(self) -> None:
        """Looks after the keepers until somebody asks to stop."""
        while True:
            self.check_parent()
            for kept in [kept for stage in self.stages for kept in stage if not kept.alive()]:
                self.say(f"the keeper of {kept.name} is gone; starting both again")
                kept.restart()
                self._relay(kept.name, kept.process.stdout)
            time.sleep(0.5)

    def check_parent(self) -> None:
        """Raises Stop when the program that started this one (make, a shell, a terminal) is gone."""
        if os.getppid() != self.parent:
            raise Stop

    def say(self, line: str, *, prefix: str = "local") -> None:
        text = f"{self._label(prefix)} {line}" if prefix else line
        with self._printing:
            try:
                print(text, flush=True)
            except OSError:  # nobody reads any more; going on, or stopping in order, matters more
                sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of this process

    def _label(self, name: str) -> str:
        if name not in self._names:
            self._names.append(name)
        label = f"{name:<{self._width}} |"
        colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
        return f"\x1b[{colour}m{label}\x1b[0m" if sys.stdout.isatty() else label

    def _relay(self, name: str, stream: IO[bytes] | None) -> threading.Thread:
        assert stream is not None  # noqa: S101 - every program here is started with a pipe
        thread = threading.Thread(target=self._relay_lines, args=(name, stream), daemon=True)
        thread.start()
        return thread

    def _relay_lines(self, name: str, stream: IO[bytes]) -> None:
        with (self.logs / f"{name}.log").open("ab", buffering=0) as log, stream:
            for line in stream:
                log.write(line)
                self.say(line.decode("utf-8", "replace").rstrip(), prefix=name)

    def _stop_all(self) -> None:
        if self._running_once and self._running_once.poll() is None:
            self._running_once.terminate()
            self._running_once.wait()
        if any(kept.alive() for stage in self.stages for kept in stage):
            self.say("stopping …")
        for stage in reversed(self.stages):
            for kept in stage:
                if kept.alive():
                    kept.process.send_signal(signal.SIGTERM)
            for kept in stage:
                kept.process.wait()


def _ask_for_patience(number: int, frame: FrameType | None) -> None:
    """Answers a second Ctrl-C. Written past print's lock, which the interrupted code may hold."""
    with contextlib.suppress(OSError):
        os.write(1, b"\nstill stopping, so that nothing is lost; a few seconds more\n")
