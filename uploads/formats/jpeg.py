"""JPEG: segments up to the first scan, then the end mark."""

from uploads.formats import tiff
from uploads.formats.source import Malformed, Source, Structure

END = b"\xff\xd9"
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
LONE = frozenset([0x01, *range(0xD0, 0xD8)])  # marks without a length


def inspect(source: Source) -> Structure:
    """Whatever follows the end mark (a second picture, a phone's own data) is no reason to refuse (U2). The first Exif
    block counts, as for decoders: reading each of thousands would cost minutes."""
    at, size, turn = 2, (0, 0), 0
    while True:
        lead, kind = source.numbers(">BB", at)
        if lead != 0xFF:
            raise Malformed
        if kind == 0xFF:  # filling
            at += 1
            continue
        if kind in LONE:
            at += 2
            continue
        (length,) = source.numbers(">H", at + 2)
        if kind == 0xD9 or length < 2:
            raise Malformed
        if kind in FRAMES:
            height, width = source.numbers(">HH", at + 5)
            size = width, height
        elif kind == 0xE1 and not turn and length > 16 and source.part(at + 4, 6) == b"Exif\0\0":
            turn = tiff.orientation(source, at + 10)
        elif kind == 0xDA:
            break
        at += 2 + length
    if not all(size) or (source.tail(2) != END and source.last(END, at) < 0):
        raise Malformed
    width, height = size[::-1] if turn >= 5 else size
    return Structure("image/jpeg", width, height, turn or 1)
