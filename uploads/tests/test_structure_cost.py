"""What looking at a file's structure may cost the web process, however the file is built (U2)."""

import contextlib
import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from uploads import receive, stash, structure
from uploads.formats.source import MOST_PARTS, Source, Structure
from uploads.tests.pictures import encoded, jpeg, quarters, turned

SECONDS = 1.0  # of the processor; a guard, not a benchmark
MEGABYTES = 24
DIRECTORY = struct.pack("<H", 4096) + struct.pack("<HHII", 1, 3, 1, 0) * 4096  # the largest that is read
TURNED = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 274, 3, 1, 6) + bytes(4)
NOT_TURNED = TURNED.replace(struct.pack("<HHII", 274, 3, 1, 6), struct.pack("<HHII", 274, 3, 1, 1))


def filled(start: bytes, unit: bytes) -> bytes:
    """`start`, and `unit` again and again behind it."""
    return start + unit * ((MEGABYTES * 1024 * 1024 - len(start)) // len(unit))


def sharing(start: bytes, exif: Callable[[bytes], bytes]) -> bytes:
    """64 KiB: a thin Exif block over and over, whose one directory stands behind them all."""
    length = len(exif(bytes(8)))
    number = (64 * 1024 - len(start) - len(DIRECTORY)) // length
    tiff_at = exif(b"\xee" * 8).index(b"\xee" * 8)
    directory = len(start) + number * length
    blocks = (exif(b"II*\0" + struct.pack("<I", directory - len(start) - n * length - tiff_at)) for n in range(number))
    return start + b"".join(blocks) + DIRECTORY


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """PNG's."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def riff(kind: bytes, data: bytes = b"") -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def segment(kind: int, data: bytes = b"") -> bytes:
    return struct.pack(">BBH", 0xFF, kind, 2 + len(data)) + data


def full(kind: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + content)


def heic(items: int, each: int = 1) -> bytes:
    """The structure of a HEIC of so many items; the last is the primary, of 12,240 × 8,200 pixels, turned once."""
    properties = full(b"ispe", struct.pack(">II", 256, 256)) * 2
    properties += full(b"ispe", struct.pack(">II", 12_240, 8_200)) + box(b"irot", b"\x01")
    tile = bytes([each]) + b"\xff\xff" * each
    rows = b"".join(struct.pack(">H", n) + tile for n in range(1, items))
    rows += struct.pack(">HBHH", items, 2, 0x8003, 0x8004)
    parts = box(b"ipco", properties) + full(b"ipma", struct.pack(">I", items) + rows, flags=1)
    meta = full(b"meta", full(b"pitm", struct.pack(">H", items)) + box(b"iprp", parts))
    return box(b"ftyp", b"heic" + bytes(4) + b"mif1heic") + meta


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 160, 120, 8, 2, 0, 0, 0))
WEBP = b"RIFF\0\0\0\0WEBP"
FTYP = box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")


def webp(data: bytes) -> bytes:
    """With its length in its head."""
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


HOSTILE: dict[str, Callable[[], bytes]] = {
    "JPEG: Exif blocks that share a directory": lambda: sharing(
        b"\xff\xd8", lambda tiff: segment(0xE1, b"Exif\0\0" + tiff + b"\0\0")
    ),
    "PNG: Exif chunks that share a directory": lambda: sharing(PNG, lambda tiff: chunk(b"eXIf", tiff)),
    "WebP: Exif chunks that share a directory": lambda: webp(sharing(WEBP, lambda tiff: riff(b"EXIF", tiff))),
    "JPEG: filling": lambda: filled(b"\xff\xd8", b"\xff"),
    "JPEG: marks without a length": lambda: filled(b"\xff\xd8", b"\xff\x01"),
    "JPEG: empty segments": lambda: filled(b"\xff\xd8", segment(0xE5)),
    "JPEG: empty frames": lambda: filled(b"\xff\xd8", segment(0xC0)),
    "PNG: empty chunks": lambda: filled(PNG, chunk(b"tEXt")),
    "WebP: empty chunks": lambda: webp(filled(WEBP, riff(b"XMP "))),
    "HEIC: empty boxes": lambda: filled(FTYP, box(b"free")),
}


@pytest.mark.parametrize("form", HOSTILE)
def test_a_file_that_is_built_to_be_looked_at_for_long_is_refused_soon(form: str) -> None:
    """U2."""
    data = HOSTILE[form]()
    before = time.process_time()
    with pytest.raises(receive.UploadRefused) as refusal:
        receive.receive("d", [data], filename="praia.jpg")
    assert time.process_time() - before <= SECONDS
    assert (refusal.value.code, refusal.value.status) == ("image_broken", 400)
    assert "praia.jpg" in refusal.value.detail
    assert stash.photos("d") == []
    assert stash.staged_bytes() == 0


def inspected(data: bytes) -> Structure:
    head, rest = data[: structure.HEAD_BYTES], io.BytesIO(data)

    def read_at(offset: int, size: int) -> bytes:
        rest.seek(offset)
        return rest.read(size)

    return structure.inspect(Source(len(data), head, read_at), 120_000_000)


def test_no_real_files_fields_come_near_the_limit() -> None:
    """U2: 1,600 segments of metadata, as many as 100 MB can hold; 30,000 chunks of picture data; 20,000 tiles."""
    picture = jpeg()
    assert inspected(picture[:2] + segment(0xE2, bytes(400)) * 1600 + picture[2:]).width == 160
    rows = zlib.compress(bytes(481) * 120, 0)
    data = PNG + b"".join(chunk(b"IDAT", rows[n : n + 2]) for n in range(0, len(rows), 2)) + chunk(b"IEND")
    assert data.count(b"IDAT") > 28_000
    assert inspected(data).width == 160
    found = inspected(heic(20_000))
    assert (found.width, found.height) == (8_200, 12_240)
    assert MOST_PARTS >= 4 * 20_000


PROPERTIES = box(b"ipco", box(b"free") * 500_000) + full(b"ipma", bytes(4))
GREEDY = {
    "tiles with 255 properties each": heic(8_000, each=255),
    "empty properties": FTYP + full(b"meta", full(b"pitm", b"\0\1") + box(b"iprp", PROPERTIES)),
    "boxes of other kinds": FTYP + b"".join(box(struct.pack(">I", n)) for n in range(400_000)),
}


@pytest.mark.parametrize("form", GREEDY)
def test_a_file_that_is_built_to_be_kept_in_memory_is_not(form: str) -> None:
    """U2: the web process grows by at most 20 MB; a few megabytes of structure may be many more in Python."""
    tracemalloc.start()
    with contextlib.suppress(structure.Refused):
        inspected(GREEDY[form])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 20_000_000


def test_the_first_exif_block_of_several_turns_the_photo() -> None:
    """As decoders have it."""
    picture = turned(6)
    second = segment(0xE1, b"Exif\0\0" + NOT_TURNED)
    exif = picture.index(b"Exif\0\0") - 2  # where its length stands
    at = exif + struct.unpack(">H", picture[exif : exif + 2])[0]
    first_wins = picture[:at] + second + picture[at:]
    assert first_wins.count(b"Exif\0\0") == 2
    assert (inspected(first_wins).orientation, inspected(first_wins).width) == (6, 160)
    assert inspected(PNG + chunk(b"eXIf", TURNED) + chunk(b"eXIf", NOT_TURNED) + _png_end()).orientation == 6
    plain = encoded(quarters(), "WEBP", lossless=True)
    both = webp(plain + riff(b"EXIF", TURNED) + riff(b"EXIF", NOT_TURNED))
    assert (inspected(both).orientation, inspected(both).width) == (6, 120)
    with Image.open(io.BytesIO(first_wins)) as image:
        assert image.getexif()[274] == 6


def _png_end() -> bytes:
    return chunk(b"IDAT", zlib.compress(bytes(481) * 120)) + chunk(b"IEND")
