"""Random access to an upload's bytes without holding them: its beginning from memory, the rest in small blocks."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

BLOCK_BYTES = 64 * 1024
MOST_READS = 2000  # blocks; a file that makes us jump about more than that is not a camera's
# Looks at single fields, so that a crafted file costs tenths of a second (U2). The dearest real ones stay far below: a
# HEIC of 100 megapixels has 400 to 1,600 tiles of two looks each, a JPEG of 100 MB that is all metadata before its first
# scan 1,600 segments of three; restart marks, a PNG's many IDAT chunks and TIFF's strips are not walked at all.
MOST_PARTS = 100_000


class Malformed(Exception):
    """The file is of this format, but broken or cut short."""


class Unsupported(Exception):
    """The file is an image of a kind that the shop does not print (animated, raw camera data, another format)."""


@dataclass(frozen=True)
class Structure:
    """What the structure tells: the type, the upright size in pixels, and the EXIF orientation that made it so."""

    content_type: str
    width: int
    height: int
    orientation: int = 1


class Source:
    """`head` is the file's beginning, `read_at(offset, size)` fetches any other part."""

    def __init__(self, size: int, head: bytes, read_at: Callable[[int, int], bytes]) -> None:
        self.size = size
        self.head = head
        self._read_at = read_at
        self._block = b""
        self._start = 0
        self._reads = 0
        self._parts = 0

    def part(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`; Malformed where the file ends before, or asks for more than MOST_PARTS."""
        self._parts += 1
        if offset < 0 or size < 0 or offset + size > self.size or self._parts > MOST_PARTS:
            raise Malformed
        if offset + size <= len(self.head):
            return self.head[offset : offset + size]
        if not self._start <= offset <= offset + size <= self._start + len(self._block):
            self._fetch(offset, max(size, BLOCK_BYTES))
        found = self._block[offset - self._start : offset - self._start + size]
        if len(found) != size:
            raise Malformed
        return found

    def numbers(self, layout: str, offset: int) -> tuple[int, ...]:
        """Whole numbers as struct.unpack reads them."""
        return struct.unpack(layout, self.part(offset, struct.calcsize(layout)))

    def tail(self, size: int) -> bytes:
        size = min(size, self.size)
        return self.part(self.size - size, size)

    def last(self, mark: bytes, after: int) -> int:
        """Where `mark` stands last, from `after` on; -1 where it does not. Reads backwards, a block at a time."""
        end = self.size
        while end > after:
            start = max(after, end - 4 * BLOCK_BYTES)
            found = self.part(start, end - start).rfind(mark)
            if found >= 0:
                return start + found
            end = start + len(mark) - 1 if start > after else after
        return -1

    def _fetch(self, offset: int, size: int) -> None:
        self._reads += 1
        if self._reads > MOST_READS:
            raise Malformed
        self._start = offset
        self._block = self._read_at(offset, min(size, self.size - offset))
