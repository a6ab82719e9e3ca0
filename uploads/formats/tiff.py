"""TIFF, and the EXIF blocks of the other formats, which are small TIFF files."""

from dataclasses import dataclass

from uploads.formats.source import Malformed, Source, Structure, Unsupported

WIDTH, HEIGHT, ORIENTATION, SUBFILE, DNG_VERSION = 256, 257, 274, 254, 50706
PIECES = ((273, 279), (324, 325))  # offsets and byte counts, of strips and of tiles
SIZES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8}  # bytes of the whole-number types
LAYOUTS = {1: "B", 2: "H", 4: "I", 8: "Q"}
MOST_VALUES = 200_000


@dataclass(frozen=True)
class Entry:
    kind: int
    count: int
    offset: int  # where the values lie


def inspect(source: Source) -> Structure:
    """Raises Malformed where a strip or tile lies beyond the end, Unsupported for raw camera data."""
    order, entries = _directory(source, 0)
    if DNG_VERSION in entries or (SUBFILE in entries and _first(source, order, entries[SUBFILE]) & 1):
        raise Unsupported
    width, height = (_first(source, order, entries[tag]) if tag in entries else 0 for tag in (WIDTH, HEIGHT))
    end = max((_end_of(source, order, entries, *tags) for tags in PIECES), default=0)
    if not width or not height or not 0 < end <= source.size:
        raise Malformed
    turn = orientation(source, 0)
    return Structure("image/tiff", *((height, width) if turn >= 5 else (width, height)), turn)


def orientation(source: Source, start: int) -> int:
    """The orientation in the TIFF block at `start`, 1 where there is none that makes sense (U2)."""
    try:
        order, entries = _directory(source, start)
        found = _first(source, order, entries[ORIENTATION]) if ORIENTATION in entries else 1
    except Malformed:
        return 1
    return found if 1 <= found <= 8 else 1


def _directory(source: Source, start: int) -> tuple[str, dict[int, Entry]]:
    """The byte order and the entries of the first directory."""
    mark = source.part(start, 4)
    order = {b"II": "<", b"MM": ">"}.get(mark[:2], "")
    if not order:
        raise Malformed
    big = mark[2:] in (b"+\0", b"\0+")
    (at,) = source.numbers(order + ("Q" if big else "I"), start + (8 if big else 4))
    (count,) = source.numbers(order + ("Q" if big else "H"), start + at)
    if count > 4096:
        raise Malformed
    at += start + (8 if big else 2)
    length, room, layout = (20, 8, "HHQ") if big else (12, 4, "HHI")
    entries = {}
    for n in range(count):
        tag, kind, values = source.numbers(order + layout, at + n * length)
        place = at + n * length + length - room
        if SIZES.get(kind, 1) * values > room:
            place = start + source.numbers(order + ("Q" if big else "I"), place)[0]
        entries[tag] = Entry(kind, values, place)
    return order, entries


def _values(source: Source, order: str, entry: Entry) -> tuple[int, ...]:
    size = SIZES.get(entry.kind, 0)
    if not size or not 0 < entry.count <= MOST_VALUES:
        raise Malformed
    return source.numbers(f"{order}{entry.count}{LAYOUTS[size]}", entry.offset)


def _first(source: Source, order: str, entry: Entry) -> int:
    return _values(source, order, Entry(entry.kind, 1, entry.offset))[0]


def _end_of(source: Source, order: str, entries: dict[int, Entry], offsets: int, counts: int) -> int:
    """Where the last strip or tile ends."""
    if offsets not in entries or counts not in entries:
        return 0
    pieces = zip(_values(source, order, entries[offsets]), _values(source, order, entries[counts]), strict=False)
    return max(offset + count for offset, count in pieces)
