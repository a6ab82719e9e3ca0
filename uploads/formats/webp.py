"""WebP: a RIFF file of chunks."""

from uploads.formats import tiff
from uploads.formats.source import Malformed, Source, Structure, Unsupported


def inspect(source: Source) -> Structure:
    """Raises Unsupported for animated ones. Of several Exif chunks the first counts."""
    end = source.numbers("<I", 4)[0] + 8
    if end > source.size + 1:  # one byte of padding may be missing
        raise Malformed
    size, turn, at = (0, 0), 0, 12
    while at + 8 <= min(end, source.size):
        kind, (length,) = source.part(at, 4), source.numbers("<I", at + 4)
        if kind == b"VP8X":
            if source.part(at + 8, 1)[0] & 2:
                raise Unsupported
            size = _canvas(source.part(at + 12, 6))
        elif kind == b"VP8 " and not all(size):
            width, height = source.numbers("<HH", at + 14)
            size = width & 0x3FFF, height & 0x3FFF
        elif kind == b"VP8L" and not all(size):
            (packed,) = source.numbers("<I", at + 9)
            size = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        elif kind == b"EXIF" and not turn and at + 8 + length <= source.size:
            skip = 6 if source.part(at + 8, min(6, length)) == b"Exif\0\0" else 0
            turn = tiff.orientation(source, at + 8 + skip)
        at += 8 + length + length % 2
    if not all(size) or at > source.size + 1:
        raise Malformed
    width, height = size[::-1] if turn >= 5 else size
    return Structure("image/webp", width, height, turn or 1)


def _canvas(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[:3], "little") + 1, int.from_bytes(data[3:], "little") + 1
