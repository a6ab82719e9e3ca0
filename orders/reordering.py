"""Ordering once more what was ordered before: the photos come back from S3 into a draft, at today's prices.

The web process only plans it; a worker streams the bytes from S3 into Redis, a few chunks at a time (U3). Run again after
a crash it finds what it brought already by its bytes (U4), and adds the prints once.
"""

from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import catalogue, drafts, items
from orders.drafts import Draft
from orders.models import Order
from orders.problems import DraftExpired, Problem
from outbox.services import enqueue
from uploads import stash, storage
from uploads.photo import TooManyPhotos
from uploads.receive import UploadRefused, receive

FETCHING, DONE, PARTLY, GONE, FAILED = "fetching", "done", "partly", "gone", "failed"

log = structlog.get_logger(__name__)


class PhotosNotKept(Problem):
    """O8: the photos were deleted, as promised, or never arrived."""

    status = 409
    code = "photos_not_kept"
    detail = _("The photos of this order are no longer kept. Please upload them again.")


def possible(order: Order) -> bool:
    """Paid, and every photo in S3 as it was printed."""
    photos = order.photos.all()
    return order.paid_at is not None and all(photo.storage_key and not photo.missing_since for photo in photos)


def start(order: Order, draft: Draft) -> Draft:
    """Plans the photos' return into the draft, beside what it holds; pressed twice, once. Raises PhotosNotKept."""
    if not possible(order):
        raise PhotosNotKept
    draft = drafts.reorder_asked(draft, order.number)
    with transaction.atomic():
        enqueue(
            "orders.bring_back",
            key=draft.reorders[order.number]["key"],
            queue="photos",
            payload={"order_id": order.pk, "draft_id": draft.id},
        )
    return draft


def bring_back(order_id: int, draft_id: str) -> None:
    """The worker's part. Raises StorageUnavailable, StorageFull and the like (try again)."""
    order = Order.objects.prefetch_related("photos", "items").get(pk=order_id)
    draft = drafts.get(draft_id)
    if draft is None or draft.ordered or draft.reorders.get(order.number, {}).get("state") != FETCHING:
        return
    try:
        photo_ids = {
            photo.pk: _bring(draft_id, photo.storage_key, photo.filename, photo.bytes) for photo in order.photos.all()
        }
    except storage.ObjectMissing:
        log.info("reorder_photos_gone", order=order.number)
        drafts.reorder_ended(draft_id, order.number, GONE, [])
        return
    except (UploadRefused, TooManyPhotos) as problem:
        log.info("reorder_refused", order=order.number, error=type(problem).__name__)
        drafts.reorder_ended(draft_id, order.number, FAILED, [])
        return
    rows = [_row(item, photo_ids[item.photo_id]) for item in order.items.all()]
    on_sale = [row for row in rows if _on_sale(row)]
    drafts.reorder_ended(
        draft_id,
        order.number,
        DONE if len(on_sale) == len(rows) else PARTLY,
        items.clean(on_sale, stash.photos(draft_id)),
    )


def gave_up(order_id: int, draft_id: str) -> None:
    """After the last attempt the customer is told on the page."""
    number = Order.objects.values_list("number", flat=True).get(pk=order_id)
    try:
        drafts.reorder_ended(draft_id, number, FAILED, [])
    except DraftExpired:
        log.info("reorder_draft_gone", order=number)


def _bring(draft_id: str, key: str, filename: str, size: int) -> str:
    if not key:
        raise storage.ObjectMissing(key)
    return receive(draft_id, storage.open_stream(key), filename=filename, declared_bytes=size).photo.id


def _row(item: Any, photo_id: str) -> dict[str, Any]:
    return {
        "photo": photo_id,
        "product": item.product_code,
        "finish": item.finish_code,
        "quantity": item.quantity,
        "fit": item.fit,
        "crop": item.crop,
    }


def _on_sale(row: dict[str, Any]) -> bool:
    product = catalogue.products().get(row["product"])
    return product is not None and row["finish"] in product.finish_codes
