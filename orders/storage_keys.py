"""Where the files of an order lie in S3 (DESIGN §3, Storage layout). Pure functions of rows; names are ASCII and safe (U10).

orders/YYYY/MM/DD/<number>/originals/<seq>_<slug>.<ext>
orders/YYYY/MM/DD/<number>/thumbnails/<seq>_<slug>.jpg
orders/YYYY/MM/DD/<number>/prints/<size>_<finish>/<number>_<size>_<finish>_<qty>x_<seq>_<slug>.jpg
orders/YYYY/MM/DD/<number>/manifest.json
"""

import re
from collections import Counter
from collections.abc import Iterable

from anyascii import anyascii
from django.utils import timezone

from orders.models import Order, OrderItem, OrderPhoto

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/tiff": "tif",
}
SLUG_LENGTH = 40


def folder(order: Order) -> str:
    """The order's folder, by the day it was paid in the shop's time zone."""
    return f"orders/{timezone.localtime(order.paid_at or order.created_at):%Y/%m/%d}/{order.number}"


def original(order: Order, photo: OrderPhoto) -> str:
    return f"{folder(order)}/originals/{_name(photo)}.{EXTENSIONS.get(photo.content_type, 'bin')}"


def thumbnail(order: Order, photo: OrderPhoto) -> str:
    return f"{folder(order)}/thumbnails/{_name(photo)}.jpg"


def manifest(order: Order) -> str:
    return f"{folder(order)}/manifest.json"


def prints(order: Order, items: Iterable[OrderItem]) -> dict[int, str]:
    """The print file's key of every item by its primary key.

    Two items that would share a name (same photo, size, finish and quantity, cut differently) get -2, -3 in the order
    of their primary keys, so that the names stay the same however often they are worked out.
    """
    taken: Counter[str] = Counter()
    keys = {}
    for item in sorted(items, key=lambda item: item.pk):
        kind = f"{size(item)}_{slug(item.finish_code)}"
        base = f"{folder(order)}/prints/{kind}/{order.number}_{kind}_{item.quantity}x_{_name(item.photo)}"
        taken[base] += 1
        keys[item.pk] = f"{base}-{taken[base]}.jpg" if taken[base] > 1 else f"{base}.jpg"
    return keys


def size(item: OrderItem) -> str:
    """The paper in centimetres as labs write it: 10x15."""
    return f"{item.width_mm / 10:g}x{item.height_mm / 10:g}"


def slug(name: str) -> str:
    """ASCII letters, digits and single hyphens, at most SLUG_LENGTH, of a name in any script; "photo" when none is left."""
    plain = re.sub(r"[^a-z0-9]+", "-", anyascii(name).lower()).strip("-")[:SLUG_LENGTH].strip("-")
    return plain or "photo"


def _name(photo: OrderPhoto) -> str:
    last = re.split(r"[/\\]", photo.filename)[-1]
    stem = last.rsplit(".", 1)[0] if "." in last[1:] else last
    return f"{photo.seq:03d}_{slug(stem)}"
