"""Photo bytes in Redis before they are printed: raw, in chunks under keys of their own, never longer than needed.

This module, photo_writer (which fills it), photo_redis (the connection) and stash.lua are the only ones that know the
keys and their expiry. A photo lives as long as its longest holder: the draft it was uploaded to, and each order that was
frozen from that draft (`hold`). Nothing here touches PostgreSQL. A Redis that is away or full shows as StashUnavailable
or StorageFull.
"""

import re
from collections.abc import Iterator, Sequence

from uploads.photo import Photo, PhotoGone, from_record
from uploads.photo_redis import call, chunk_key, client, named_errors
from uploads.photo_writer import PhotoWriter

CHUNKS_AT_ONCE = 4  # read per round trip
ID = re.compile(r"[0-9a-f]{32}")  # as photo_writer makes them; a visitor may ask for anything, a chunk's key too


def open_writer(draft_id: str, declared_bytes: int = 0) -> PhotoWriter:
    """Starts an upload; `declared_bytes` (0: unknown) is reserved at once. Raises StorageFull, StashUnavailable."""
    return PhotoWriter(draft_id, declared_bytes)


def photos(draft_id: str) -> list[Photo]:
    """The draft's photos, in the order in which they were picked, where that is known, then in which their uploads ended."""
    answers = (
        (name.decode(), dict(zip(flat[::2], flat[1::2], strict=True))) for name, flat in call("photos", draft_id)
    )
    found = [from_record(photo_id, record) for photo_id, record in answers if b"until:draft" in record]
    return sorted(found, key=lambda photo: (photo.position, photo.created_at, photo.id))


def get(draft_id: str, photo_id: str) -> Photo | None:
    """That photo if it belongs to that draft (C62); what cannot be an id is none (S5)."""
    if not ID.fullmatch(photo_id):
        return None
    with named_errors():
        record = client().hgetall(f"photo:{photo_id}")
    if b"until:draft" not in record or record[b"draft"] != draft_id.encode():
        return None
    return from_record(photo_id, record)


def find(photo_id: str) -> Photo | None:
    """A photo by its id alone, for workers: an order may hold it after its draft is gone."""
    with named_errors():
        record = client().hgetall(f"photo:{photo_id}")
    return from_record(photo_id, record) if record else None


def exists(photo_id: str) -> bool:
    with named_errors():
        return bool(client().exists(f"photo:{photo_id}"))


def remove(draft_id: str, photo_id: str) -> bool:
    """Takes the photo out of the draft; its bytes go unless an order holds them. False where it was not there."""
    return bool(ID.fullmatch(photo_id)) and bool(call("remove", draft_id, photo_id))


def drop(draft_id: str) -> None:
    """Takes all photos out of the draft, when it ends."""
    call("drop", draft_id)


def chunks(photo_id: str) -> Iterator[bytes]:
    """The bytes as uploaded, as a stream that holds CHUNKS_AT_ONCE of them; PhotoGone where any is missing."""
    photo = find(photo_id)
    if photo is None:
        raise PhotoGone(photo_id)
    for start in range(0, photo.chunks, CHUNKS_AT_ONCE):
        keys = [chunk_key(photo_id, n) for n in range(start, min(start + CHUNKS_AT_ONCE, photo.chunks))]
        with named_errors():
            pieces = client().mget(keys)
        for piece in pieces:
            if piece is None:
                raise PhotoGone(photo_id)
            yield piece


def preview(photo_id: str) -> bytes | None:
    """The upright preview, JPEG; None until the photo is ready."""
    with named_errors():
        data: bytes | None = client().get(f"photo:{photo_id}:preview")
    return data


def save_preview(photo_id: str, jpeg: bytes) -> bool:
    """Puts the preview beside the photo, with the same life; False where the photo is gone."""
    return bool(call("preview", photo_id, jpeg))


def mark_ready(draft_id: str, photo_id: str, *, width: int, height: int) -> bool:
    """The check ended well; width and height are those of the decoded, upright picture."""
    return bool(call("mark", photo_id, "state", "ready", "problem", "", "width", width, "height", height))


def mark_broken(draft_id: str, photo_id: str, code: str) -> bool:
    """The check failed: `code` says why (image_broken, image_too_large)."""
    return bool(call("mark", photo_id, "state", "broken", "problem", code))


def overdue(seconds: float, limit: int = 100) -> list[tuple[str, str]]:
    """(draft id, photo id) of photos whose check was asked for longer ago than that; they now count as asked for."""
    found = [part.decode() for part in call("overdue", seconds, limit)]
    return list(zip(found[::2], found[1::2], strict=True))


def hold(photo_ids: Sequence[str], holder: str, seconds: int) -> int:
    """Lets an order keep photos at least `seconds` from now, beyond their draft; how many were still there."""
    return int(call("hold", holder, seconds, *photo_ids))


def release(photo_ids: Sequence[str], holder: str) -> None:
    """The order needs them no more; photos that nobody else holds are deleted."""
    call("release", holder, *photo_ids)


def held(holder: str) -> list[str]:
    """Ids of the photos that an order holds."""
    with named_errors():
        return sorted(photo_id.decode() for photo_id in client().smembers(f"photos:holder:{holder}"))


def prolong(draft_id: str, seconds: int) -> None:
    """Lets all photos of the draft live at least `seconds` from now."""
    call("prolong", draft_id, seconds)


def staged_bytes() -> int:
    """Photo bytes in Redis, uploads under way and previews included."""
    return int(call("total"))


def recount() -> int:
    """Sums the bytes anew, as a precaution; by how many bytes the running total was wrong (0)."""
    return int(call("recount"))
