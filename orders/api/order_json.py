"""An order as the API shows it (DESIGN §4)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from orders import carriers, snapshots, vouchers
from orders.models import Order, OrderEvent, OrderItem, OrderPhoto
from orders.models.order import PERSONAL_FIELDS

DELIVERY_FIELDS = tuple(name for name in PERSONAL_FIELDS if name != "place_id")  # Google's id says nothing to anybody


def with_parts() -> QuerySet[Order]:
    """Orders with all that order_json reads: a constant number of queries, however many orders there are."""
    return Order.objects.prefetch_related("photos", "items__photo", "events", "attempts")


def order_json(order: Order, *, money: bool = True) -> dict[str, object]:
    """The order in the contract's shape. `money=False` leaves prices out, for staff who may not see them (O6)."""
    waiting = snapshots.load(order.number) if order.paid_at is None else None
    names: Mapping[int, str] = waiting.filenames if waiting else {}
    return {
        "number": order.number,
        "state": order.state,
        "payment_state": order.payment_state,
        "created_at": order.created_at,
        "payments": [attempt.public_id for attempt in order.attempts.all()] if money else [],
        "items": [_item_json(item, money=money) for item in order.items.all()],
        "delivery": _delivery_json(order, waiting.delivery if waiting else {}),
        "totals": _totals_json(order) if money else None,
        "photos": [_photo_json(photo, names) for photo in order.photos.all()],
        "shipment": _shipment_json(order),
        "voucher": _voucher_json(order) if money else None,
        "events": [_event_json(event) for event in order.events.all()],
    }


def _item_json(item: OrderItem, *, money: bool) -> dict[str, object]:
    return {
        "photo": item.photo.seq,
        "product": item.product_code,
        "product_name": item.product_name,
        "finish": item.finish_code,
        "quantity": item.quantity,
        "fit": item.fit,
        "crop": item.crop,
        "unit_cents": item.unit_cents if money else None,
        "line_cents": item.line_cents if money else None,
        "dpi": item.dpi,
        "quality": item.quality,
    }


def _delivery_json(order: Order, waiting: Mapping[str, Any]) -> dict[str, object]:
    """Before payment the fields come from the snapshot in Redis, afterwards from the order's own columns."""
    fields = {name: waiting.get(name) or getattr(order, name) for name in DELIVERY_FIELDS}
    return {"method": order.method, "language": order.language} | fields


def _totals_json(order: Order) -> dict[str, object]:
    names = ("items_cents", "shipping_cents", "discount_cents", "total_cents", "tax_cents", "currency", "prints")
    return {name: getattr(order, name) for name in names}


def _photo_json(photo: OrderPhoto, names: Mapping[int, str]) -> dict[str, object]:
    return {
        "seq": photo.seq,
        "filename": photo.filename or names.get(photo.seq, ""),
        "sha256": photo.sha256,
        "stored": photo.stored_at is not None,
        "missing": photo.missing_since is not None,
        "replace_reason": photo.replace_reason,
    }


def _shipment_json(order: Order) -> dict[str, object] | None:
    if order.shipped_at is None:
        return None
    return {
        "carrier": order.carrier,
        "tracking": order.tracking,
        "url": carriers.tracking_url(order.carrier, order.tracking),
    }


def _voucher_json(order: Order) -> dict[str, object] | None:
    """The Multibanco reference to be paid, while there is one (C29)."""
    voucher = vouchers.payable(order)
    return dataclasses.asdict(voucher) if voucher else None


def _event_json(event: OrderEvent) -> dict[str, object]:
    return {"at": event.at, "kind": event.kind, "from": event.from_state, "to": event.to_state}
