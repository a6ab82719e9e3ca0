"""Keeps orders.print_worker processes beside this one and talks to them; started when needed, replaced when they die."""

import atexit
import contextlib
import dataclasses
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable
from typing import IO

from django.conf import settings

from orders.print_files import PrintSpec

SECONDS = 120  # for one photo with all its prints; then the process is killed
AT_ONCE = 2  # processes, so that a second core halves the wait for an order of many photos
PHOTOS_A_PROCESS = 200  # a fresh one after so many, against creeping memory


class PrintsFailed(Exception):
    """The photo could not be decoded in the limits of memory and time, or the process died of it."""


class PrintProcess:
    """A child process; use it from one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._photos = 0

    def make(self, chunks: Iterable[bytes], size: int, width: int, height: int, specs: list[PrintSpec]) -> list[bytes]:
        """Thumbnail and print files of a photo of `size` bytes, streamed to the child; PrintsFailed where it cannot."""
        process = self._running()
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        try:
            return self._ask(process, chunks, size, width, height, specs)
        except (OSError, EOFError) as error:
            self.close()
            raise PrintsFailed("the process that makes prints died") from error
        except BaseException:
            self.close()  # its pipes may be in the middle of something
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """Ends the child."""
        process, self._process, self._photos = self._process, None, 0
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()

    def _ask(
        self,
        process: "subprocess.Popen[bytes]",
        chunks: Iterable[bytes],
        size: int,
        width: int,
        height: int,
        specs: list[PrintSpec],
    ) -> list[bytes]:
        if process.stdin is None or process.stdout is None:
            raise EOFError
        request = {
            "bytes": size,
            "width": width,
            "height": height,
            "prints": [dataclasses.asdict(spec) for spec in specs],
        }
        process.stdin.write(json.dumps(request).encode() + b"\n")
        for chunk in chunks:
            process.stdin.write(chunk)
        process.stdin.flush()
        self._photos += 1
        files = []
        for _file in range(1 + len(specs)):
            answer = json.loads(_line(process.stdout))
            if "error" in answer:
                raise PrintsFailed(answer["error"])
            files.append(_exactly(process.stdout, answer["bytes"]))
        return files

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._photos >= PHOTOS_A_PROCESS or (self._process is not None and self._process.poll() is not None):
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "orders.print_worker", str(settings.PRINT_MEMORY_MB)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=settings.BASE_DIR,
                env={"PATH": "", "PYTHONPATH": str(settings.BASE_DIR)},  # no secrets where hostile files are decoded
            )
        return self._process


def _line(pipe: IO[bytes]) -> bytes:
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError
    return data


class PrintProcesses:
    """AT_ONCE child processes for as many threads; one that works alone always meets the same child."""

    def __init__(self) -> None:
        self._all = [PrintProcess() for _one in range(AT_ONCE)]
        self._free: queue.LifoQueue[PrintProcess] = queue.LifoQueue()
        for process in self._all:
            self._free.put(process)

    def make(self, chunks: Iterable[bytes], size: int, width: int, height: int, specs: list[PrintSpec]) -> list[bytes]:
        """As PrintProcess.make, by whichever child is free."""
        process = self._free.get()
        try:
            return process.make(chunks, size, width, height, specs)
        finally:
            self._free.put(process)

    def close(self) -> None:
        """Ends the children."""
        for process in self._all:
            process.close()


shared = PrintProcesses()
atexit.register(shared.close)
