"""manifest.json: what an order's folder in S3 holds, with sizes and checksums. No name, address or file name as given."""

import json
from collections.abc import Mapping, Sequence

from orders.models import Order, OrderItem, OrderPhoto

VERSION = 1


def build(
    order: Order, photos: Sequence[OrderPhoto], items: Sequence[OrderItem], checksums: Mapping[str, tuple[int, str]]
) -> bytes:
    """The manifest as JSON. `checksums` holds bytes and SHA-256 (hex) of each print file by its key."""
    content = {
        "version": VERSION,
        "order": order.number,
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "prints": order.prints,
        "photos": [_photo(photo) for photo in photos],
        "items": [_item(item, *checksums[item.print_key]) for item in items],
    }
    return json.dumps(content, indent=2, ensure_ascii=False).encode()


def _photo(photo: OrderPhoto) -> dict[str, object]:
    return {
        "seq": photo.seq,
        "key": photo.storage_key,
        "content_type": photo.content_type,
        "bytes": photo.bytes,
        "sha256": photo.sha256,
        "width": photo.width,
        "height": photo.height,
    }


def _item(item: OrderItem, size: int, sha256: str) -> dict[str, object]:
    return {
        "photo": item.photo.seq,
        "product": item.product_code,
        "width_mm": item.width_mm,
        "height_mm": item.height_mm,
        "finish": item.finish_code,
        "quantity": item.quantity,
        "fit": item.fit,
        "border_mm": item.border_mm if item.fit == OrderItem.Fit.BORDER else 0,
        "crop": item.crop,
        "dpi": item.dpi,
        "key": item.print_key,
        "bytes": size,
        "sha256": sha256,
    }
