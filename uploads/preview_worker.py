"""The program that decodes uploads and makes their previews: a process of its own, in limits, speaking through pipes.

    python -m uploads.preview_worker MEGABYTES

It knows neither Django nor any secret. A request is a line with the photo's length, then its bytes. The answer is a line
of JSON, {"width", "height", "bytes"} followed by the preview, or {"problem"}: image_broken or image_too_large.
"""

import io
import json
import math
import resource
import sys
from typing import BinaryIO

from PIL import Image

from uploads import pixels
from uploads.wholeness import is_cut_short

SIDE = 1200  # pixels, the preview's longer side
QUALITY = 82
CPU_SECONDS = 9  # for one photo: the kernel then ends the process

Image.MAX_IMAGE_PIXELS = None  # the web process has refused what declares too many; memory and time are limited here


def main(megabytes: int, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests until the pipe is closed."""
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while line := requests.readline():
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = math.ceil(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
        data = requests.read(int(line))
        try:
            (width, height), jpeg = preview(data)
        except MemoryError:
            answers.write(b'{"problem": "image_too_large"}\n')
        except pixels.Undecodable:
            answers.write(b'{"problem": "image_broken"}\n')
        else:
            answers.write(json.dumps({"width": width, "height": height, "bytes": len(jpeg)}).encode() + b"\n" + jpeg)
        answers.flush()
        del data


def preview(data: bytes) -> tuple[tuple[int, int], bytes]:
    """The upright photo's true size and its preview. Raises Undecodable, also for a JPEG that ends too early."""
    size = pixels.upright_size(io.BytesIO(data))
    scale = min(1.0, SIDE / max(size))
    least = (max(1, math.ceil(size[0] * scale)), max(1, math.ceil(size[1] * scale)))
    image = pixels.upright(io.BytesIO(data), least)
    if is_cut_short(data, image):
        raise pixels.Undecodable("the picture's data ends too early")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return size, out.getvalue()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
