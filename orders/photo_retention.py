"""Photos are not kept for ever: PHOTOS_KEEP_DAYS after an order has ended its files leave S3 (O8), as the privacy notice says.

The files go first, then the row's mark: a run that is cut off anywhere is finished by the next. No transaction is open
while S3 is spoken to (C42).
"""

import datetime
from collections.abc import Iterator

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orders import services, storage_keys
from orders.models import Order, OrderEvent, OrderItem
from uploads import storage

State, PaymentState = Order.State, Order.PaymentState
PAGE = 200  # orders looked at in one query
UNTOLD_DAYS = 30  # a parcel that nobody marked as delivered counts as delivered this long after it was shipped
CONTESTED = (PaymentState.DISPUTED, PaymentState.REVIEW)  # the photos may still be needed as evidence

log = structlog.get_logger(__name__)


def due(days: int) -> Iterator[Order]:
    """Orders that ended more than `days` ago and whose photos are still kept, oldest first; few in memory at once."""
    last = 0
    while page := list(_ended(days).filter(pk__gt=last).order_by("pk")[:PAGE]):
        yield from page
        last = page[-1].pk


def purge(days: int | None = None) -> int:
    """Deletes the photos of every order that is due (PHOTOS_KEEP_DAYS unless given); of how many orders.

    Raises StorageUnavailable or StorageRefused: what was done by then stays done, the rest is done by the next run.
    """
    count = 0
    for order in due(settings.PHOTOS_KEEP_DAYS if days is None else days):
        delete(order)
        count += 1
    return count


def delete(order: Order) -> int:
    """Deletes all that S3 holds of the order, then says so in its rows; how many files. A second call deletes nothing."""
    keys = files(order)
    for key in keys:
        storage.delete(key)
    _mark(order)
    return len(keys)


def files(order: Order) -> list[str]:
    """What S3 holds of the order: its folder as listed, and what the rows name (the shop's time zone may have changed)."""
    named = set(order.photos.exclude(storage_key="").values_list("storage_key", flat=True))
    named |= set(order.photos.exclude(thumbnail_key="").values_list("thumbnail_key", flat=True))
    named |= set(order.items.exclude(print_key="").values_list("print_key", flat=True))
    return sorted(named | {found.key for found in storage.listing(f"{storage_keys.folder(order)}/")})


def _ended(days: int) -> QuerySet[Order]:
    limit = timezone.now() - datetime.timedelta(days=days)
    at_rest = ~Exists(OrderEvent.objects.filter(order=OuterRef("pk"), at__gte=limit)) & ~Exists(
        Order.objects.filter(pk=OuterRef("pk"), attempts__events__at__gte=limit)
    )
    untold = limit - datetime.timedelta(days=UNTOLD_DAYS)
    return (
        Order.objects.filter(photos_deleted_at=None, paid_at__isnull=False)
        .exclude(payment_state__in=CONTESTED)
        .filter(
            Q(state=State.DELIVERED, delivered_at__lt=limit)
            | Q(state=State.SHIPPED, shipped_at__lt=untold)
            | Q(Q(state=State.CANCELLED) | Q(payment_state=PaymentState.REFUNDED), at_rest)
        )
    )


def _mark(order: Order) -> None:
    with transaction.atomic():
        locked = services.lock(order.pk)
        if locked.photos_deleted_at is not None:
            return
        locked.photos.update(storage_key="", thumbnail_key="")
        OrderItem.objects.filter(order=locked).update(print_key="")
        locked.photos_deleted_at = timezone.now()
        locked.save(update_fields=["photos_deleted_at"])
        OrderEvent.objects.create(order=locked, kind="photos_deleted", from_state=locked.state, to_state=locked.state)
    log.info("photos_deleted", order=order.number)
