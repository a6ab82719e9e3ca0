"""What a new photo in the place of another means for its prints and for the files that were stored of the old one."""

from orders import quality, storage_keys
from orders.models import Order, OrderPhoto
from outbox.services import enqueue
from uploads import storage
from uploads.photo import Photo

SAME_SHAPE = 0.01  # how much the ratio of the sides may differ for a crop to mean the same part of the picture


def put(row: OrderPhoto, photo: Photo, filename: str) -> None:
    """Writes the new photo into the locked row; its prints are cut and made anew, its old files deleted by a task.

    A crop stays where the new photo has the old one's shape, and is centred where it has not (U8). Price, size and
    finish stay as ordered; quality is worked out again (U6).
    """
    same_shape = abs(row.width * photo.height - photo.width * row.height) <= SAME_SHAPE * row.width * photo.height
    old = [row.storage_key, row.thumbnail_key]
    row.photo_id, row.filename, row.content_type = photo.id, filename, photo.content_type
    row.bytes, row.width, row.height, row.sha256 = photo.bytes, photo.width, photo.height, photo.sha256
    row.missing_since, row.replace_reason = None, ""
    row.storage_key, row.thumbnail_key, row.stored_at = "", "", None
    row.save()
    for item in row.items.all():
        old.append(item.print_key)
        item.crop = item.crop if same_shape else None
        item.dpi = quality.dpi(photo, item, item.fit, item.crop)
        item.quality = quality.word(item.dpi)
        item.print_key, item.printed_at = "", None
        item.save(update_fields=["crop", "dpi", "quality", "print_key", "printed_at"])
    keys = [key for key in old if key]
    if keys:
        payload: dict[str, object] = {"order_id": row.order_id, "keys": keys}
        enqueue("orders.delete_replaced", key=f"replaced:{row.pk}:{photo.id}", payload=payload)


def delete_files(order_id: int, keys: list[str]) -> None:
    """Deletes files of a photo that was replaced: nobody shall print them, and nobody needs them. Keys that the order's
    photos and prints use now, or will use once they are stored, are left alone."""
    order = Order.objects.get(pk=order_id)
    photos, items = list(order.photos.all()), list(order.items.select_related("photo"))
    used = {storage_keys.original(order, photo) for photo in photos}
    used |= {storage_keys.thumbnail(order, photo) for photo in photos}
    used |= set(storage_keys.prints(order, items).values())
    for key in keys:
        if key not in used:
            storage.delete(key)
