"""Keeps one program running: `python -m local.keeper NAME`, its orders as JSON in the variable KEEPER.

The keeper starts the program in a process group of its own, starts it again when it dies unexpectedly, and ends it,
with everything that it started, on SIGTERM or as soon as the keeper's own parent is gone: whatever happens to the
supervisor or to `make`, no process stays behind. Only the standard library is used, and nothing of the shop.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
RESTART_SECONDS = 1.0
_WATCHED = {signal.SIGTERM, signal.SIGCHLD}


@dataclasses.dataclass(frozen=True)
class Orders:
    """What to run and how to end it. `grace` is in seconds; `user` an account's name, "" for the keeper's own."""

    command: list[str]
    restart: bool = True
    stop_signal: int = int(signal.SIGTERM)
    grace: float = 20
    user: str = ""
    parent: int = dataclasses.field(default_factory=os.getpid)  # when this process is gone, the keeper stops

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))


def keeper_command(name: str) -> list[str]:
    """The command line of a keeper; the program's own is kept out of it, so that a search by name finds the program."""
    return [sys.executable, "-m", "local.keeper", name]


class Keeper:
    def __init__(self, name: str, orders: Orders) -> None:
        self.name = name
        self.orders = orders
        self.child = 0
        self.status: int | None = None

    def run(self) -> int:
        """Runs until asked to stop; the program's exit code, 0 after a stop that was asked for."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor, which stops things in order
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        while True:
            self._start()
            stop = self._wait_for_end()
            if stop:
                self._stop()
            self._kill_leftovers()
            if stop:
                return 0
            if not self.orders.restart:
                return os.waitstatus_to_exitcode(self.status or 0)
            print(f"{self.name} ended ({_describe(self.status or 0)}); starting it again", flush=True)
            if self._pause(RESTART_SECONDS):
                return 0

    def _start(self) -> None:
        account = pwd.getpwnam(self.orders.user) if self.orders.user else None
        self.status = None
        program = subprocess.Popen(
            self.orders.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_prepare_child,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            cwd="/" if account else None,
        )
        self.child = program.pid
        program.returncode = 0  # or Popen, when it is forgotten, would take the end of a quick one away from _reap

    def _wait_for_end(self) -> bool:
        """Waits for the program to end (False) or for a reason to stop it (True)."""
        while self.status is None:
            if self._stop_wanted(1.0):
                return True
        return False

    def _pause(self, seconds: float) -> bool:
        """Waits that long; True when a stop was asked for meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._stop_wanted(left):
                return True
        return False

    def _stop_wanted(self, wait: float) -> bool:
        happened = signal.sigtimedwait(_WATCHED, wait)
        self._reap()
        return os.getppid() != self.orders.parent or (happened is not None and happened.si_signo == signal.SIGTERM)

    def _reap(self) -> None:
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self.child:
                    self.status = found[1]
        except ChildProcessError:
            pass

    def _stop(self) -> None:
        deadline = time.monotonic() + self.orders.grace
        self._signal(self.orders.stop_signal)
        while self.status is None and time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            self._reap()
        if self.status is None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child, number)

    def _kill_leftovers(self) -> None:
        """Ends what the program left behind: as a subreaper the keeper has inherited it."""
        deadline = time.monotonic() + 10
        while (children := _children()) and time.monotonic() < deadline:
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.02)
            self._reap()


def _prepare_child() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _libc.prctl(option, int(value), 0, 0, 0)


def _children() -> list[int]:
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    try:
        return [int(child) for child in path.read_text().split()]
    except OSError:
        return []


def _describe(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


_libc = ctypes.CDLL(None)

if __name__ == "__main__":
    sys.exit(Keeper(sys.argv[1], Orders(**json.loads(os.environ.pop("KEEPER")))).run())
