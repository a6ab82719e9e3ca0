"""The bytes of a request as they arrive: a raw body, or the parts of a form. Nothing is held but the piece at hand (U3)."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import multipart
from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

from uploads.photo_writer import CHUNK_BYTES

PIECE_BYTES = 2 * CHUNK_BYTES  # whole chunks go on without being copied
MOST_PARTS = 1000
HEADER_BYTES = 8192  # of one part: names of 300 characters, each of four bytes
DRAIN_SECONDS = 20
DRAIN_BYTES = 16 * 1024  # a read waits until it has them all, however slowly they come


class Interrupted(Exception):
    """The connection broke off, or the body is not as long or as well formed as its header says."""


@dataclass
class Part:
    """A field or file of a form. `pieces` must be read before the next part is asked for; the rest of it is skipped."""

    name: str
    filename: str | None  # None: not a file
    pieces: Iterator[bytes]


def length(request: HttpRequest) -> int:
    """The body's declared length in bytes, 0 where there is none."""
    try:
        return max(0, int(request.META.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0


def body(request: HttpRequest) -> Iterator[bytes]:
    """The raw body; raises Interrupted where it ends too early."""
    left = length(request)
    while left:
        piece = _read(request, min(PIECE_BYTES, left))
        if not piece:
            raise Interrupted
        left -= len(piece)
        yield piece


def is_form(request: HttpRequest) -> bool:
    return (request.content_type or "") == "multipart/form-data"


def parts(request: HttpRequest) -> Iterator[Part]:
    """The form's parts in their order; raises Interrupted where the form is cut short or malformed."""
    boundary = (request.content_params or {}).get("boundary", "")
    if not boundary or len(boundary) > 200 or not boundary.isascii():
        raise Interrupted
    parser = multipart.PushMultipartParser(
        boundary, length(request), max_header_size=HEADER_BYTES, max_segment_count=MOST_PARTS
    )
    events = _events(parser, body(request))
    for event in events:
        if isinstance(event, multipart.MultipartSegment):
            part = Part(event.name or "", event.filename, _until_none(events))
            yield part
            for _rest in part.pieces:
                pass


def drain(request: HttpRequest) -> None:
    """Reads and forgets what is left of a refused body, so that the client sees the answer instead of a reset."""
    until = time.monotonic() + DRAIN_SECONDS
    left = 2 * settings.UPLOAD_MAX_FILE_MB * 1024 * 1024
    with contextlib.suppress(Interrupted):
        while left > 0 and time.monotonic() < until:
            piece = _read(request, DRAIN_BYTES)
            if not piece:
                return
            left -= len(piece)


def _events(parser: "multipart.PushMultipartParser", pieces: Iterator[bytes]) -> Iterator[object]:
    """The parser's events: a MultipartSegment, its bytes, None at its end."""
    try:
        for piece in pieces:
            yield from parser.parse(piece)
        parser.close()
    except multipart.MultipartError as error:
        raise Interrupted from error


def _until_none(events: Iterator[object]) -> Iterator[bytes]:
    for event in events:
        if event is None:
            return
        if isinstance(event, bytes | bytearray):
            yield bytes(event)
    raise Interrupted


def _read(request: HttpRequest, size: int) -> bytes:
    try:
        return request.read(size)
    except (UnreadablePostError, OSError) as error:
        raise Interrupted from error
