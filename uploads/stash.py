"""Photo bytes in Redis before they are printed: raw, in chunks under keys of their own, never longer than needed.

This module and stash.lua beside it are the only ones that know the keys and their expiry. A photo lives as long as its
longest holder: the draft it was uploaded to, and each order that was frozen from that draft (`hold`). Nothing here
touches PostgreSQL. A Redis that is away or full shows as StashUnavailable or StorageFull.
"""

import contextlib
import datetime
import functools
import hashlib
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from django.conf import settings

CHUNK_BYTES = 256 * 1024 - 64  # with Redis' own bytes it fits a size class of jemalloc: overhead 0.3 %, 25 % at 256 KiB
UNFINISHED_SECONDS = 120  # how long the chunks of an upload outlive its last sign of life
REFRESH_SECONDS = 30
GROW_BYTES = 8 * 1024 * 1024  # an upload of unknown length reserves memory in these steps
UNANSWERED_CHUNKS = 12  # sent to Redis while the next are being received, before an answer is waited for
CHUNKS_AT_ONCE = 4  # read per round trip

_EXPIRY = b"\r\n$2\r\nEX\r\n$%d\r\n%d\r\n" % (
    len(str(UNFINISHED_SECONDS)),
    UNFINISHED_SECONDS,
)  # the end of a SET command
_SCRIPT = Path(__file__).with_suffix(".lua").read_text(encoding="utf-8")


class StashError(Exception):
    """Something about the photos in Redis; never raised itself."""


class StorageFull(StashError):
    """The memory budget for photos (UPLOADS_MEMORY_BUDGET_MB) is used up; expiring drafts free it again."""


class StashUnavailable(StashError):
    """Redis does not answer."""


class TooManyPhotos(StashError):
    """The draft holds UPLOAD_MAX_PHOTOS already."""


class UploadLost(StashError):
    """The upload paused for so long that what had arrived expired."""


class PhotoGone(StashError):
    """The photo's bytes are no longer there, or not all of them."""


@dataclass(frozen=True)
class Photo:
    """A photo of a draft. Width and height are those of the upright picture, in pixels; times are UTC."""

    id: str
    draft_id: str
    filename: str  # as the customer's device named it, for showing only
    content_type: str  # by the bytes, not as declared
    bytes: int
    width: int
    height: int
    orientation: int  # EXIF, 1 to 8; 1 where the file turns upright by itself
    sha256: str  # hex
    state: str  # "checking", "ready" or "broken"
    problem: str  # code of what is wrong with a broken one, else ""
    created_at: datetime.datetime
    expires_at: datetime.datetime  # as the draft holds it
    chunks: int
    position: int = 0  # among the draft's photos, as picked; 0 where nobody said


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
        _call("refresh", self.photo_id, self.chunks, UNFINISHED_SECONDS)
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
        outcome, photo_id, record = _call(
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
        return _photo(photo_id.decode(), dict(zip(record[::2], record[1::2], strict=True)))

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
            _call("discard", self.photo_id, self.chunks)

    def __enter__(self) -> "PhotoWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self.discard()

    def _reserve(self, size: int) -> None:
        budget = settings.UPLOADS_MEMORY_BUDGET_MB * 1024 * 1024
        if _call("reserve", self.photo_id, size, budget, UNFINISHED_SECONDS) == b"full":
            raise StorageFull
        self._reserved = size

    def _send_buffer(self) -> None:
        self._send_chunk(memoryview(bytes(self._buffer)))
        self._buffer.clear()

    def _send_chunk(self, chunk: memoryview) -> None:
        """Sends it without waiting for the answer, so that receiving and storing overlap, and without copying it."""
        with _named_errors():
            if self._connection is None:
                self._connection = _client().connection_pool.get_connection()
            try:
                key = _chunk_key(self.photo_id, self.chunks).encode()
                head = b"*5\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n" % (len(key), key, len(chunk))
                self._connection.send_packed_command([head, chunk, _EXPIRY])
                self.chunks += 1
                self._unanswered += 1
                while self._unanswered > UNANSWERED_CHUNKS:
                    self._read_answer()
            except BaseException:
                self._hang_up()
                raise

    def _settle(self) -> None:
        with _named_errors():
            try:
                while self._unanswered:
                    self._read_answer()
            except BaseException:
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
            _client().connection_pool.release(self._connection)
            self._connection = None


def open_writer(draft_id: str, declared_bytes: int = 0) -> PhotoWriter:
    """Starts an upload; `declared_bytes` (0: unknown) is reserved at once. Raises StorageFull, StashUnavailable."""
    return PhotoWriter(draft_id, declared_bytes)


def photos(draft_id: str) -> list[Photo]:
    """The draft's photos, in the order in which they were picked, where that is known, then in which their uploads ended."""
    with _named_errors():
        ids = [photo_id.decode() for photo_id in _client().hvals(f"photos:draft:{draft_id}")]
        pipe = _client().pipeline(transaction=False)
        for photo_id in ids:
            pipe.hgetall(f"photo:{photo_id}")
        records = pipe.execute() if ids else []
    found = [
        _photo(photo_id, record) for photo_id, record in zip(ids, records, strict=True) if b"until:draft" in record
    ]
    return sorted(found, key=lambda photo: (photo.position, photo.created_at, photo.id))


def get(draft_id: str, photo_id: str) -> Photo | None:
    """That photo if it belongs to that draft (C62)."""
    with _named_errors():
        record = _client().hgetall(f"photo:{photo_id}")
    if b"until:draft" not in record or record[b"draft"] != draft_id.encode():
        return None
    return _photo(photo_id, record)


def find(photo_id: str) -> Photo | None:
    """A photo by its id alone, for workers: an order may hold it after its draft is gone."""
    with _named_errors():
        record = _client().hgetall(f"photo:{photo_id}")
    return _photo(photo_id, record) if record else None


def exists(photo_id: str) -> bool:
    with _named_errors():
        return bool(_client().exists(f"photo:{photo_id}"))


def remove(draft_id: str, photo_id: str) -> bool:
    """Takes the photo out of the draft; its bytes go unless an order holds them. False where it was not there."""
    return bool(_call("remove", draft_id, photo_id))


def drop(draft_id: str) -> None:
    """Takes all photos out of the draft, when it ends."""
    _call("drop", draft_id)


def chunks(photo_id: str) -> Iterator[bytes]:
    """The bytes as uploaded, as a stream that holds CHUNKS_AT_ONCE of them; PhotoGone where any is missing."""
    photo = find(photo_id)
    if photo is None:
        raise PhotoGone(photo_id)
    for start in range(0, photo.chunks, CHUNKS_AT_ONCE):
        keys = [_chunk_key(photo_id, n) for n in range(start, min(start + CHUNKS_AT_ONCE, photo.chunks))]
        with _named_errors():
            pieces = _client().mget(keys)
        for piece in pieces:
            if piece is None:
                raise PhotoGone(photo_id)
            yield piece


def read(photo_id: str) -> bytes:
    """The bytes as uploaded, whole: for workers, never in a web process (U3)."""
    return b"".join(chunks(photo_id))


def preview(photo_id: str) -> bytes | None:
    """The upright preview, JPEG; None until the photo is ready."""
    with _named_errors():
        data: bytes | None = _client().get(f"photo:{photo_id}:preview")
    return data


def save_preview(photo_id: str, jpeg: bytes) -> bool:
    """Puts the preview beside the photo, with the same life; False where the photo is gone."""
    return bool(_call("preview", photo_id, jpeg))


def mark_ready(draft_id: str, photo_id: str, *, width: int, height: int) -> bool:
    """The check ended well; width and height are those of the decoded, upright picture."""
    return bool(_call("mark", photo_id, "state", "ready", "problem", "", "width", width, "height", height))


def mark_broken(draft_id: str, photo_id: str, code: str) -> bool:
    """The check failed: `code` says why (image_broken, image_too_large)."""
    return bool(_call("mark", photo_id, "state", "broken", "problem", code))


def overdue(seconds: float, limit: int = 100) -> list[tuple[str, str]]:
    """(draft id, photo id) of photos whose check was asked for longer ago than that; they now count as asked for."""
    found = [part.decode() for part in _call("overdue", seconds, limit)]
    return list(zip(found[::2], found[1::2], strict=True))


def hold(photo_ids: Sequence[str], holder: str, seconds: int) -> int:
    """Lets an order keep photos at least `seconds` from now, beyond their draft; how many were still there."""
    return int(_call("hold", holder, seconds, *photo_ids))


def release(photo_ids: Sequence[str], holder: str) -> None:
    """The order needs them no more; photos that nobody else holds are deleted."""
    _call("release", holder, *photo_ids)


def held(holder: str) -> list[str]:
    """Ids of the photos that an order holds."""
    with _named_errors():
        return sorted(photo_id.decode() for photo_id in _client().smembers(f"photos:holder:{holder}"))


def prolong(draft_id: str, seconds: int) -> None:
    """Lets all photos of the draft live at least `seconds` from now."""
    _call("prolong", draft_id, seconds)


def staged_bytes() -> int:
    """Photo bytes in Redis, uploads under way and previews included."""
    return int(_call("total"))


def recount() -> int:
    """Sums the bytes anew, as a precaution; by how many bytes the running total was wrong (0)."""
    return int(_call("recount"))


def _read_at(photo_id: str, length: int, offset: int, size: int) -> bytes:
    end = min(length, offset + size)
    with _named_errors():
        pipe = _client().pipeline(transaction=False)
        while offset < end:
            number, start = divmod(offset, CHUNK_BYTES)
            stop = min(CHUNK_BYTES, start + end - offset)
            pipe.getrange(_chunk_key(photo_id, number), start, stop - 1)
            offset += stop - start
        parts: list[bytes] = pipe.execute()
    return b"".join(parts)


def _photo(photo_id: str, record: dict[bytes, bytes]) -> Photo:
    text = {name.decode(): value.decode() for name, value in record.items()}
    until = text.get("until:draft") or max(value for name, value in text.items() if name.startswith("until:"))
    return Photo(
        id=photo_id,
        draft_id=text["draft"],
        filename=text["filename"],
        content_type=text["content_type"],
        bytes=int(text["bytes"]),
        width=int(text["width"]),
        height=int(text["height"]),
        orientation=int(text["orientation"]),
        sha256=text["sha256"],
        state=text["state"],
        problem=text["problem"],
        created_at=datetime.datetime.fromtimestamp(float(text["created"]), datetime.UTC),
        expires_at=datetime.datetime.fromtimestamp(float(until), datetime.UTC),
        chunks=int(text["chunks"]),
        position=int(text.get("position", 0)),
    )


def _chunk_key(photo_id: str, number: int) -> str:
    return f"photo:{photo_id}:{number}"


def _call(operation: str, *arguments: object) -> Any:
    with _named_errors():
        return _script(settings.PHOTOS_REDIS_URL)(args=[operation, *arguments])


def _client() -> Any:  # the stubs take every answer for text or bytes; here all are bytes
    return _connect(settings.PHOTOS_REDIS_URL)


@functools.cache
def _connect(url: str) -> Any:
    return redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10)


@functools.cache
def _script(url: str) -> Any:
    return _connect(url).register_script(_SCRIPT)


@contextlib.contextmanager
def _named_errors() -> Iterator[None]:
    """Turns Redis' errors into this module's."""
    try:
        yield
    except redis.OutOfMemoryError as error:
        raise StorageFull from error
    except redis.ResponseError as error:
        if "OOM" in str(error):  # as a script reports it
            raise StorageFull from error
        raise
    except (redis.RedisError, OSError) as error:
        raise StashUnavailable(type(error).__name__) from error
