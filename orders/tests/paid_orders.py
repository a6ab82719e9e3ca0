"""Paid orders whose photos really lie in Redis, for the tests of what comes after payment."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw

from orders.models import Order, OrderPhoto
from orders.tests.factories import OrderFactory, OrderItemFactory, OrderPhotoFactory
from uploads import stash
from uploads.photo import Photo

HOLD_SECONDS = 3600


def grid(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture in which every place can be told: red grows to the right, green downwards, over a coarse grid of blue."""
    red = Image.linear_gradient("L").rotate(90).resize((width, height))
    green = Image.linear_gradient("L").resize((width, height))
    blue = Image.new("L", (width, height), 40 + seed % 200)
    draw = ImageDraw.Draw(blue)
    for x in range(0, width, max(1, width // 8)):
        draw.line((x, 0, x, height), fill=220, width=max(1, width // 100))
    return Image.merge("RGB", (red, green, blue))


def jpeg(width: int = 1800, height: int = 1200, *, seed: int = 0, orientation: int = 1, gps: bool = False) -> bytes:
    """A JPEG of `grid`, stored turned by `orientation`; its bytes differ with the seed."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = f"Camera {seed}"
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (38.0, 42.0, 28.0), 3: "W", 4: (9.0, 8.0, 21.0)})
    out = io.BytesIO()
    grid(width, height, seed).save(out, "JPEG", quality=92, exif=exif, comment=b"Maria Joao, Rua Augusta 100")
    return out.getvalue()


def stashed(
    data: bytes, *, filename: str = "praia.jpg", width: int = 1800, height: int = 1200, kind: str = "image/jpeg"
) -> Photo:
    """A photo in Redis as an upload leaves it, checked and with its preview."""
    with stash.open_writer("draft", len(data)) as writer:
        writer.write(data)
        photo = writer.commit(filename=filename, content_type=kind, width=width, height=height)
    stash.mark_ready("draft", photo.id, width=width, height=height)
    out = io.BytesIO()
    grid(600, 400).save(out, "JPEG", comment=b"Maria")
    stash.save_preview(photo.id, out.getvalue())
    return photo


def paid_order(
    photos: Sequence[bytes], *, filenames: Sequence[str] = (), item: dict[str, Any] | None = None, **fields: Any
) -> Order:
    """A paid order of these photos, one item each, held in Redis for the order alone."""
    order: Order = OrderFactory(paid=True, items=False, **fields)
    for seq, data in enumerate(photos, start=1):
        name = filenames[seq - 1] if filenames else f"foto {seq}.jpg"
        with Image.open(io.BytesIO(data)) as image:
            turned = image.getexif().get(0x0112, 1) >= 5
            width, height = image.size[::-1] if turned else image.size
        photo = stashed(data, filename=name, width=width, height=height)
        row: OrderPhoto = OrderPhotoFactory(
            order=order,
            seq=seq,
            photo_id=photo.id,
            filename=name,
            bytes=len(data),
            width=width,
            height=height,
            sha256=photo.sha256,
        )
        OrderItemFactory(photo=row, **(item or {}))
        stash.hold([photo.id], order.number, HOLD_SECONDS)
        stash.remove("draft", photo.id)
    return order
