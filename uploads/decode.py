"""Keeps one uploads.preview_worker beside this process and talks to it; started when needed, replaced when it dies."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from django.conf import settings

WALL_SECONDS = 60  # for a process that neither answers nor works; what works too long, the kernel ends before
PHOTOS_A_PROCESS = 500  # a fresh one after so many, against creeping memory


class Broken(Exception):
    """The photo cannot be decoded in the limits; `code` is image_broken or image_too_large."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Preview:
    """Width and height are those of the upright photo, in pixels; `jpeg` is smaller."""

    width: int
    height: int
    jpeg: bytes


class Decoder:
    """A child process; use it from one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._photos = 0

    def preview(self, chunks: Iterable[bytes], size: int) -> Preview:
        """The preview of a photo of `size` bytes, streamed to the child. Raises Broken, and whatever `chunks` raises."""
        process = self._running()
        timer = threading.Timer(WALL_SECONDS, process.kill)
        timer.start()
        try:
            return self._ask(process, chunks, size)
        except Broken:
            raise
        except (BrokenPipeError, EOFError) as error:
            self.close()
            raise Broken("image_too_large" if process.returncode in (-9, -24) else "image_broken") from error
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
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)  # one that is dying says of what
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()

    def _ask(self, process: "subprocess.Popen[bytes]", chunks: Iterable[bytes], size: int) -> Preview:
        if process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(b"%d\n" % size)
        for chunk in chunks:
            process.stdin.write(chunk)
        process.stdin.flush()
        self._photos += 1
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer = json.loads(line)
        if "problem" in answer:
            raise Broken(answer["problem"])
        return Preview(answer["width"], answer["height"], _exactly(process.stdout, answer["bytes"]))

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._photos >= PHOTOS_A_PROCESS or (self._process is not None and self._process.poll() is not None):
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "uploads.preview_worker", str(settings.PREVIEW_MEMORY_MB)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=settings.BASE_DIR,
                env={"PATH": "", "PYTHONPATH": str(settings.BASE_DIR)},  # no secrets where hostile files are decoded
            )
        return self._process


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError
    return data


shared = Decoder()
