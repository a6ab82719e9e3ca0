"""An upload on its way into Redis: chunks as the bytes arrive, a photo of the draft once all are there."""

import contextlib
import hashlib
import secrets
import time
from typing import Any

from django.conf import settings

from uploads.photo import Photo, StashError, StorageFull, TooManyPhotos, UploadLost, from_record
from uploads.photo_redis import call, chunk_key, client, named_errors

CHUNK_BYTES = 256 * 1024 - 64  # with Redis' own bytes it fits a size class of jemalloc: overhead 0.3 %, 25 % at 256 KiB
UNFINISHED_SECONDS = 120  # how long the chunks of an upload outlive its last sign of life
REFRESH_SECONDS = 30
GROW_BYTES = 8 * 1024 * 1024  # an upload of unknown length reserves memory in these steps
UNANSWERED_CHUNKS = 12  # sent to Redis while the next are being received, before an answer is waited for

_EXPIRY = b"\r\n$2\r\nEX\r\n$%d\r\n%d\r\n" % (
    len(str(UNFINISHED_SECONDS)),
    UNFINISHED_SECONDS,
)  # the end of a SET command


class PhotoWriter:
    """Takes an upload's bytes as they arrive, in pieces of any size, and sends them on to Redis in chunks.

    Holds one chunk at most. Until `commit` the photo belongs to nobody and expires by itself; `discard` deletes it at
    once. Used as a context manager it discards whatever was not committed, a cut connection too (U3).
    """

    def __init__(self, draft_id: str, declared_bytes: int = 0) -> None:
        self.photo_id = secrets.token_hex(16)
        self.draft_id = draft_id
        self.bytes = 0
        self.chunks = 0
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._reserved = 0
        self._connection: Any = None
        self._unanswered = 0
        self._finished = False
        self._refreshed = time.monotonic()
        self._reserve(declared_bytes or GROW_BYTES)

    def write(self, data: bytes) -> None:
        """Adds bytes; raises StorageFull or StashUnavailable."""
        self.bytes += len(data)
        if self.bytes > self._reserved:
            self._reserve(self.bytes + GROW_BYTES)
        self._hash.update(data)
        view = memoryview(data)
        while view:
            if not self._buffer and len(view) >= CHUNK_BYTES:  # the quick way, without a copy
                self._send_chunk(view[:CHUNK_BYTES])
                view = view[CHUNK_BYTES:]
                continue
            room = CHUNK_BYTES - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            if len(self._buffer) == CHUNK_BYTES:
                self._send_buffer()
        if time.monotonic() - self._refreshed > REFRESH_SECONDS:
            self.refresh()

    def refresh(self) -> None:
        """A sign of life: what arrived so far stays UNFINISHED_SECONDS longer."""
        self._settle()
        call("refresh", self.photo_id, self.chunks, UNFINISHED_SECONDS)
        self._refreshed = time.monotonic()

    def close(self) -> None:
        """Sends what is left; from here on `read_at` sees every byte."""
        if self._buffer:
            self._send_buffer()
        self._settle()
        self._give_back()

    def read_at(self, offset: int, size: int) -> bytes:
        """Bytes of a closed, not yet committed upload, for a look at its structure."""
        return _read_at(self.photo_id, self.bytes, offset, size)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def commit(
        self, *, filename: str, content_type: str, width: int, height: int, orientation: int = 1, position: int = 0
    ) -> Photo:
        """Makes it a photo of the draft, in state `checking`; atomically, whatever runs beside it (U4).

        The same bytes once more give the draft's first photo with these bytes (its id is not `photo_id` then), and the
        new ones are deleted. Raises TooManyPhotos or UploadLost.
        """
        self.close()
        fields = {"filename": filename, "content_type": content_type, "width": width, "height": height}
        fields |= {"orientation": orientation, "position": position, "state": "checking", "problem": ""}
        pairs = [part for field in fields.items() for part in field]
        outcome, photo_id, record = call(
            "commit",
            self.photo_id,
            self.draft_id,
            self.sha256,
            self.chunks,
            self.bytes,
            settings.DRAFT_TTL_SECONDS,
            settings.UPLOAD_MAX_PHOTOS,
            *pairs,
        )
        self._finished = True
        if outcome == b"many":
            raise TooManyPhotos
        if outcome == b"lost":
            raise UploadLost
        return from_record(photo_id.decode(), dict(zip(record[::2], record[1::2], strict=True)))

    def discard(self) -> None:
        """Deletes what arrived. A Redis that is away forgets it by itself after UNFINISHED_SECONDS."""
        if self._finished:
            return
        self._finished = True
        self._buffer.clear()
        if self._connection is not None and self._unanswered:
            with contextlib.suppress(StashError):
                self._settle()
        self._give_back()
        with contextlib.suppress(StashError):
            call("discard", self.photo_id, self.chunks)

    def __enter__(self) -> "PhotoWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self.discard()

    def _reserve(self, size: int) -> None:
        budget = settings.UPLOADS_MEMORY_BUDGET_MB * 1024 * 1024
        if call("reserve", self.photo_id, size, budget, UNFINISHED_SECONDS) == b"full":
            raise StorageFull
        self._reserved = size

    def _send_buffer(self) -> None:
        self._send_chunk(memoryview(bytes(self._buffer)))
        self._buffer.clear()

    def _send_chunk(self, chunk: memoryview) -> None:
        """Sends it without waiting for the answer, so that receiving and storing overlap, and without copying it."""
        with named_errors():
            if self._connection is None:
                self._connection = client().connection_pool.get_connection()
            try:
                key = chunk_key(self.photo_id, self.chunks).encode()
                head = b"*5\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n" % (len(key), key, len(chunk))
                self._connection.send_packed_command([head, chunk, _EXPIRY])
                self.chunks += 1
                self._unanswered += 1
                while self._unanswered > UNANSWERED_CHUNKS:
                    self._read_answer()
            except BaseException:  # a request that is broken off too
                self._hang_up()
                raise

    def _settle(self) -> None:
        with named_errors():
            try:
                while self._unanswered:
                    self._read_answer()
            except BaseException:  # a request that is broken off too
                self._hang_up()
                raise

    def _read_answer(self) -> None:
        self._connection.read_response()
        self._unanswered -= 1

    def _hang_up(self) -> None:
        """After an error the connection's answers can no longer be told apart."""
        self._unanswered = 0
        if self._connection is not None:
            self._connection.disconnect()
        self._give_back()

    def _give_back(self) -> None:
        if self._connection is not None:
            client().connection_pool.release(self._connection)
            self._connection = None


def _read_at(photo_id: str, length: int, offset: int, size: int) -> bytes:
    end = min(length, offset + size)
    with named_errors():
        pipe = client().pipeline(transaction=False)
        while offset < end:
            number, start = divmod(offset, CHUNK_BYTES)
            stop = min(CHUNK_BYTES, start + end - offset)
            pipe.getrange(chunk_key(photo_id, number), start, stop - 1)
            offset += stop - start
        parts: list[bytes] = pipe.execute()
    return b"".join(parts)
