"""A photo before it is printed, as uploads.stash keeps it, and what can go wrong with it there."""

import datetime
from dataclasses import dataclass


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


def from_record(photo_id: str, record: dict[bytes, bytes]) -> Photo:
    """The photo that Redis keeps as the hash `photo:<id>`."""
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
