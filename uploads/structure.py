"""What an upload is, by its bytes: its type, upright size and wholeness, without decoding a pixel (U1, U2).

Runs in the web process while the customer waits; what only decoding can tell is found by uploads.tasks.check_photo.
"""

from collections.abc import Callable

from uploads.formats import heif, jpeg, png, tiff, webp
from uploads.formats.source import Malformed, Source, Structure, Unsupported

MAX_SIDE = 65_000  # pixels
HEAD_BYTES = 64 * 1024  # of the file's beginning that a receiver should keep at hand

OTHER_IMAGES = (
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"%PDF-",
    b"%!PS",
    b"8BPS",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
    b"\0\0\0\x0cjP  ",
    b"\0\0\1\0",
    b"FUJIFILMCCD-RAW",
    b"IIU\0",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"\x76\x2f\x31\x01",
    b"qoif",
)
OTHER_BRANDS = {b"avif", b"avis", b"mif1", b"msf1", b"hevc", b"hevx", b"crx ", b"jxl "}


class Refused(Exception):
    """Not a photo that the shop prints. `code` is one of not_an_image, unsupported_type, image_broken, image_too_large."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def inspect(source: Source, max_pixels: int) -> Structure:
    """Raises Refused."""
    reader = _reader(source)
    try:
        found = reader(source)
    except Unsupported as error:
        raise Refused("unsupported_type") from error
    except Malformed as error:
        raise Refused("image_broken") from error
    if found.width * found.height > max_pixels or max(found.width, found.height) > MAX_SIDE:
        raise Refused("image_too_large")
    if not found.width or not found.height:
        raise Refused("image_broken")
    return found


def _reader(source: Source) -> Callable[[Source], Structure]:
    """The format's reader, by the first bytes."""
    head = source.part(0, min(source.size, 1024))
    if head[:3] == b"\xff\xd8\xff":
        return jpeg.inspect
    if head.startswith(png.MARK):
        return png.inspect
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return webp.inspect
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") and head[8:10] != b"CR":
        return tiff.inspect
    known = heif.brands(source)
    if known & heif.STILL:
        return heif.inspect
    if known & OTHER_BRANDS or head.startswith(OTHER_IMAGES) or head[8:10] == b"CR" or _svg(head):
        raise Refused("unsupported_type")
    if head == png.MARK[: len(head)] or head == b"\xff\xd8\xff"[: len(head)]:
        raise Refused("image_broken")
    raise Refused("not_an_image")


def _svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith(b"<") and b"<svg" in text
