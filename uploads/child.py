"""A program of ours in a child process without secrets, where hostile files are decoded, spoken with through pipes."""

import contextlib
import subprocess
import sys
from collections.abc import Iterable
from typing import IO

from django.conf import settings


class Child:
    """`python -m MODULE MEGABYTES`; started when needed, replaced when it died. Use it from one thread at a time."""

    def __init__(self, module: str, memory_setting: str, photos: int) -> None:
        self._module = module
        self._memory_setting = memory_setting
        self._most = photos  # a fresh process after so many, against creeping memory
        self._process: subprocess.Popen[bytes] | None = None
        self._photos = 0

    def close(self, patience: float = 0) -> int | None:
        """Ends the process; its exit code. One that is dying gets `patience` seconds to say of what."""
        process, self._process, self._photos = self._process, None, 0
        if process is None:
            return None
        if patience:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        return process.wait()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._photos >= self._most or (self._process is not None and self._process.poll() is not None):
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", self._module, str(getattr(settings, self._memory_setting))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=settings.BASE_DIR,
                env={"PATH": "", "PYTHONPATH": str(settings.BASE_DIR)},  # no secrets where hostile files are decoded
            )
        return self._process

    def _send(self, process: "subprocess.Popen[bytes]", request: bytes, chunks: Iterable[bytes]) -> IO[bytes]:
        """Sends a line and a photo's bytes; where the answer is to be read. Raises OSError where the process is gone."""
        if process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(request + b"\n")
        for chunk in chunks:
            process.stdin.write(chunk)
        process.stdin.flush()
        self._photos += 1
        return process.stdout


def line(pipe: IO[bytes]) -> bytes:
    """A whole line; EOFError where the process died before its end."""
    found = pipe.readline()
    if not found.endswith(b"\n"):
        raise EOFError
    return found


def exactly(pipe: IO[bytes], size: int) -> bytes:
    """So many bytes; EOFError where the process died before the last."""
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError
    return data
