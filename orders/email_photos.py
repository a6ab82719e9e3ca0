"""Pictures for emails: the studio's logo and small thumbnails to show inline, originals to attach. Photos come from S3
once stored, from Redis before."""

import io

from django.conf import settings
from PIL import Image

from orders import originals, thumbnails
from orders.mailing import Attachment
from orders.models import Order, OrderPhoto, ShopSettings
from uploads import storage
from uploads.photo import PhotoGone

INLINE_PIXELS = 240
LOGO = "logo"  # its content id
LOGO_SIZE = (480, 96)  # px at most, shown at half of it: sharp on dense screens
MOST_INLINE = 24  # photos shown in one mail; the rest are counted


def thumbnail(photo: OrderPhoto) -> bytes | None:
    """A small upright JPEG without metadata; None where there is none to be had now: the mail goes without it."""
    data = thumbnails.read(photo)
    return _small(data) if data else None


def logo(shop: ShopSettings) -> dict[str, bytes]:
    """The studio's logo as a PNG by its content id; nothing where there is none, or none to be had now: the mail then has
    the studio's name."""
    if not shop.logo:
        return {}
    try:
        with Image.open(io.BytesIO(storage.read(str(shop.logo.name)))) as image:
            small = image.convert("RGBA")
    except (storage.StorageError, OSError, ValueError):
        return {}
    small.thumbnail(LOGO_SIZE, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return {LOGO: out.getvalue()}


def logo_size(png: bytes) -> tuple[int, int]:
    """Width and height to show it at, in px."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        return max(1, image.width // 2), max(1, image.height // 2)


def attachments(order: Order) -> list[Attachment]:
    """The originals while they sum to EMAIL_ATTACHMENTS_MAX_MB or less, else none (the admin has them)."""
    photos = list(order.photos.order_by("seq"))
    if sum(photo.bytes for photo in photos) > settings.EMAIL_ATTACHMENTS_MAX_MB * 1_000_000:
        return []
    try:
        return [
            Attachment(f"{photo.seq:03d} {photo.filename}".strip(), photo.content_type, _original(photo))
            for photo in photos
        ]
    except (PhotoGone, storage.ObjectMissing):
        return []


def _original(photo: OrderPhoto) -> bytes:
    try:
        return b"".join(originals.chunks(photo))
    except PhotoGone:
        photo.refresh_from_db()  # it may have been stored, and left Redis, while it was being read
        return b"".join(originals.chunks(photo))


def _small(data: bytes) -> bytes:
    """Re-encoded from one of our own JPEGs, with nothing but pixels."""
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        image.draft("RGB", (INLINE_PIXELS, INLINE_PIXELS))
        small = image.convert("RGB")
    small.thumbnail((INLINE_PIXELS, INLINE_PIXELS), Image.Resampling.LANCZOS)
    small.info.clear()
    out = io.BytesIO()
    small.save(out, "JPEG", quality=78)
    return out.getvalue()
