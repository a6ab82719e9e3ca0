"""The small picture of an order's photo, for its page and its mails."""

from orders.models import OrderPhoto
from uploads import stash, storage
from uploads.photo import StashError


def read(photo: OrderPhoto) -> bytes | None:
    """A JPEG: the preview from Redis while the photo waits there, the thumbnail in S3 afterwards; None where there is none to
    be had now."""
    try:
        return _from_redis_or_s3(photo)
    except (storage.StorageError, StashError):
        return None


def _from_redis_or_s3(photo: OrderPhoto) -> bytes | None:
    if not photo.thumbnail_key:
        preview = stash.preview(photo.photo_id)
        if preview:
            return preview
        photo.refresh_from_db()  # it may have been stored, and left Redis, since the row was read
    return storage.read(photo.thumbnail_key) if photo.thumbnail_key else None
