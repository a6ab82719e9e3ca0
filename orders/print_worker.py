"""The program that decodes an original and makes its print files: a process of its own, in limits, speaking through pipes.

    python -m orders.print_worker MEGABYTES

It knows neither Django nor any secret. A request is a line of JSON {"bytes", "width", "height", "prints": [PrintSpec…]},
followed by the photo's bytes; the answer is the thumbnail and one file a print, each a line {"bytes"} and the bytes, or
one line {"error"}.
"""

import io
import json
import resource
import sys
from typing import BinaryIO

from PIL import Image

from orders.print_files import PrintSpec, least_size, render, thumbnail
from uploads import pixels

Image.MAX_IMAGE_PIXELS = None  # the web process has refused what declares too many; memory and time are limited here


def main(megabytes: int, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests until the pipe is closed."""
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["bytes"])
        try:
            files = make(data, request["width"], request["height"], [PrintSpec(**spec) for spec in request["prints"]])
        except (pixels.Undecodable, MemoryError) as error:
            answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"[:200]}).encode() + b"\n")
        else:
            for file in files:
                answers.write(json.dumps({"bytes": len(file)}).encode() + b"\n" + file)
            del files
        answers.flush()


def make(data: bytes, width: int, height: int, specs: list[PrintSpec]) -> list[bytes]:
    """The thumbnail and one file a spec, from one decoding of the photo, no larger than its prints need."""
    image = pixels.upright(io.BytesIO(data), least_size(width, height, specs))
    return [thumbnail(image), *(render(image, width, height, spec) for spec in specs)]


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
