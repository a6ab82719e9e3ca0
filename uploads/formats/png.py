"""PNG: chunks up to the picture data, then the end chunk."""

from uploads.formats import tiff
from uploads.formats.source import Malformed, Source, Structure, Unsupported

MARK = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
BEST_RATIO = 1032  # deflate cannot do better
END = b"\0\0\0\0IEND\xaeB`\x82"


def inspect(source: Source) -> Structure:
    """Raises Unsupported for animated ones. Of several Exif chunks, which the standard forbids, the first counts."""
    if source.part(8, 8) != b"\0\0\0\rIHDR":
        raise Malformed
    width, height, bits, colour = source.numbers(">IIBB", 16)
    if height * (width * bits * CHANNELS.get(colour, 1) // 8) > source.size * BEST_RATIO:  # a bomb: pixels without data
        raise Malformed
    at, turn = 33, 0
    while (kind := source.part(at + 4, 4)) != b"IDAT":
        if kind == b"acTL" and source.numbers(">I", at + 8)[0] > 1:
            raise Unsupported
        if kind == b"eXIf" and not turn:
            turn = tiff.orientation(source, at + 8)
        at += 12 + source.numbers(">I", at)[0]
    if source.tail(12) != END and source.last(END, at) < 0:
        raise Malformed
    return Structure("image/png", *((height, width) if turn >= 5 else (width, height)), turn or 1)
