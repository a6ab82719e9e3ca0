"""Keeps one uploads.preview_worker beside this process and talks to it; started when needed, replaced when it dies."""

import json
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from uploads.child import Child, exactly, line

WALL_SECONDS = 60  # for a process that neither answers nor works; what works too long, the kernel ends before
PHOTOS_A_PROCESS = 500  # a fresh one after so many, against creeping memory
KERNEL_ENDED = (-9, -24)  # by SIGKILL or SIGXCPU: it took too much memory or time


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


class Decoder(Child):
    """A child process; use it from one thread at a time."""

    def __init__(self) -> None:
        super().__init__("uploads.preview_worker", "PREVIEW_MEMORY_MB", PHOTOS_A_PROCESS)

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
            raise Broken("image_too_large" if self.close(0.1) in KERNEL_ENDED else "image_broken") from error
        except BaseException:
            self.close()  # its pipes may be in the middle of something
            raise
        finally:
            timer.cancel()

    def _ask(self, process: "subprocess.Popen[bytes]", chunks: Iterable[bytes], size: int) -> Preview:
        answers = self._send(process, b"%d" % size, chunks)
        answer = json.loads(line(answers))
        if "problem" in answer:
            raise Broken(answer["problem"])
        return Preview(answer["width"], answer["height"], exactly(answers, answer["bytes"]))


shared = Decoder()
