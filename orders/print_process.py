"""Keeps orders.print_worker processes beside this one and talks to them; started when needed, replaced when they die."""

import atexit
import dataclasses
import json
import queue
import subprocess
import threading
from collections.abc import Iterable
from typing import Any

from orders.print_files import PrintSpec
from uploads.child import Child, exactly, line

SECONDS = 120  # for one photo with all its prints; then the process is killed
AT_ONCE = 2  # processes, so that a second core halves the wait for an order of many photos
PHOTOS_A_PROCESS = 200  # a fresh one after so many, against creeping memory


class PrintsFailed(Exception):
    """The photo could not be decoded in the limits of memory and time, or the process died of it."""


class PrintProcess(Child):
    """A child process; use it from one thread at a time."""

    def __init__(self) -> None:
        super().__init__("orders.print_worker", "PRINT_MEMORY_MB", PHOTOS_A_PROCESS)

    def make(self, chunks: Iterable[bytes], size: int, width: int, height: int, specs: list[PrintSpec]) -> list[bytes]:
        """Thumbnail and print files of a photo of `size` bytes, streamed to the child; PrintsFailed where it cannot."""
        process = self._running()
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        prints = [dataclasses.asdict(spec) for spec in specs]
        try:
            return self._ask(process, chunks, {"bytes": size, "width": width, "height": height, "prints": prints})
        except (OSError, EOFError) as error:
            self.close()
            raise PrintsFailed("the process that makes prints died") from error
        except BaseException:
            self.close()  # its pipes may be in the middle of something
            raise
        finally:
            timer.cancel()

    def _ask(self, process: "subprocess.Popen[bytes]", chunks: Iterable[bytes], request: dict[str, Any]) -> list[bytes]:
        answers = self._send(process, json.dumps(request).encode(), chunks)
        files = []
        for _file in range(1 + len(request["prints"])):
            answer = json.loads(line(answers))
            if "error" in answer:
                raise PrintsFailed(answer["error"])
            files.append(exactly(answers, answer["bytes"]))
        return files


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
