"""HEIC and HEIF: boxes; the size of the primary picture stands in its properties, its turn too."""

import struct
from collections.abc import Iterator

from uploads.formats.source import Malformed, Source, Structure, Unsupported

STILL = {b"heic", b"heix", b"heim", b"heis"}
SEQUENCE = {b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"}  # ISO/IEC 23008-12, B.4 and 7.2
MOST_META_BYTES = 4 * 1024 * 1024
Box = tuple[bytes, int, int]  # kind, where its content begins, where it ends


def brands(source: Source) -> set[bytes]:
    """The major and the compatible brands of an ISO media file, empty where it is none."""
    if source.size < 16 or source.part(4, 4) != b"ftyp":
        return set()
    length = min(source.numbers(">I", 0)[0], 256, source.size)
    data = source.part(8, max(4, length - 8))
    return {data[n : n + 4] for n in range(0, len(data), 4) if n != 4}


def inspect(source: Source) -> Structure:
    """Raises Unsupported for AVIF and sequences, Malformed where a box is cut short.

    A sequence may list a still's brand as well: its major brand, or the `moov` box that holds its frames, tells. The film
    that a phone puts behind its photo stands in a box of another name.
    """
    known = brands(source)
    if not known & STILL or b"avif" in known or source.part(8, 4) in SEQUENCE:
        raise Unsupported
    boxes = {kind: (start, end) for kind, start, end in _boxes(source, 0, source.size)}
    if b"moov" in boxes:
        raise Unsupported
    if b"meta" not in boxes or boxes[b"meta"][1] - boxes[b"meta"][0] > MOST_META_BYTES:
        raise Malformed
    width, height, turns = _primary(source, *boxes[b"meta"])
    if turns % 2:
        width, height = height, width
    return Structure("image/heic", width, height)


def _boxes(source: Source, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        length, kind = source.numbers(">I", at)[0], source.part(at + 4, 4)
        start = at + 8
        if length == 1:
            (length,), start = source.numbers(">Q", at + 8), at + 16
        elif length == 0:
            length = end - at
        if length < start - at or at + length > end:
            if at and not kind.isalnum():  # something hidden behind the last box (U2)
                return
            raise Malformed
        yield kind, start, at + length
        at += length


def _primary(source: Source, start: int, end: int) -> tuple[int, int, int]:
    """Width and height as coded, and quarter turns, of the primary item."""
    boxes = {kind: (first, last) for kind, first, last in _boxes(source, start + 4, end)}
    if b"pitm" not in boxes or b"iprp" not in boxes:
        raise Malformed
    at = boxes[b"pitm"][0]
    (item,) = source.numbers(">H" if source.part(at, 1)[0] == 0 else ">I", at + 4)
    parts = {kind: (first, last) for kind, first, last in _boxes(source, *boxes[b"iprp"])}
    if b"ipco" not in parts or b"ipma" not in parts:
        raise Malformed
    properties = list(_boxes(source, *parts[b"ipco"]))
    width = height = turns = 0
    for index in _associations(source, parts[b"ipma"][0], item):
        if not 0 < index <= len(properties):
            continue
        kind, place, _last = properties[index - 1]
        if kind == b"ispe":
            width, height = source.numbers(">II", place + 4)
        elif kind == b"irot":
            turns = source.part(place, 1)[0] & 3
    if not width or not height:
        raise Malformed
    return width, height, turns


def _associations(source: Source, at: int, wanted: int) -> list[int]:
    """The numbers of an item's properties, from 1. The other items' are passed over: a crafted file has millions."""
    version, flags = source.part(at, 1)[0], source.part(at + 3, 1)[0]
    (count,) = source.numbers(">I", at + 4)
    if count > 20_000:
        raise Malformed
    at += 8
    kind, wide = "H" if version < 1 else "I", flags & 1
    found: list[int] = []
    for _unused in range(count):
        item, number = source.numbers(f">{kind}B", at)
        at += struct.calcsize(f">{kind}B")
        if item == wanted:
            values = source.numbers(f">{number}{'H' if wide else 'B'}", at)
            found = [value & (0x7FFF if wide else 0x7F) for value in values]
        at += number * (2 if wide else 1)
    if at > source.size:
        raise Malformed
    return found
