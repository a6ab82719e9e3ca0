"""From a paid order to its finished folder in S3: originals, print files, manifest; then the photos leave Redis.

Every step finds its progress in rows and in S3 and may be killed and repeated anywhere (U9). No transaction is open
while S3 is spoken to (C42).
"""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager

import structlog
from django.db import connection, transaction
from django.utils import timezone

from orders import manifest, originals, print_process, services, storage_keys
from orders.models import Order, OrderEvent, OrderItem, OrderPhoto
from orders.print_files import PrintSpec
from uploads import stash, storage

State = Order.State
TO_BE_STORED = (State.PAID, State.IN_PRODUCTION, State.READY, State.SHIPPED, State.DELIVERED)
LOCK_CLASS = 7301  # of PostgreSQL's advisory locks: one worker an order

log = structlog.get_logger(__name__)


class BeingStored(Exception):
    """Somebody else is at work on this order; tried again later."""


def store(order_id: int) -> None:
    """Stores what is not yet stored of the order; asks the customer for photos that are gone (C49).

    Raises StorageUnavailable, StashUnavailable, BeingStored or PrintsFailed (try again), StorageRefused (somebody must
    mend something first).
    """
    order = Order.objects.get(pk=order_id)
    if order.state not in TO_BE_STORED or order.photos_deleted_at is not None:
        log.info("store_skipped", order=order.number, state=order.state)
        return
    with _only_worker(order):
        order.refresh_from_db()
        if order.stored_at is None and not _store(order):
            return
        _leave_redis(order)


def _store(order: Order) -> bool:
    gone = originals.store(order)
    if gone:
        log.warning("store_photos_gone", order=order.number, photos=len(gone))
        services.need_photos(order, [photo.photo_id for photo in gone], why="photos gone before they were stored")
        return False
    checksums = _store_prints(order)
    items = _items(order)
    photos = list(order.photos.order_by("seq"))
    for item in items:  # made by an earlier run that was cut off
        if item.print_key not in checksums:
            checksums[item.print_key] = _checksum(item.print_key)
    storage.put_bytes(storage_keys.manifest(order), manifest.build(order, photos, items, checksums), "application/json")
    _mark_stored(order)
    return True


def _store_prints(order: Order) -> dict[str, tuple[int, str]]:
    """Makes and stores what is missing of print files and thumbnails; bytes and SHA-256 of each print by its key."""
    keys = storage_keys.prints(order, _items(order))
    waiting: dict[OrderPhoto, list[OrderItem]] = defaultdict(list)
    for item in _items(order):
        if item.printed_at is None:
            waiting[item.photo].append(item)
    for photo in order.photos.filter(thumbnail_key=""):
        waiting.setdefault(photo, [])
    checksums: dict[str, tuple[int, str]] = {}
    for photo, (thumbnail, *files) in _made(waiting):
        if not OrderPhoto.objects.filter(pk=photo.pk, photo_id=photo.photo_id).exists():
            raise BeingStored(order.number)  # replaced meanwhile: its prints are made from the new one
        _store_thumbnail(order, photo, thumbnail)
        for item, data in zip(waiting[photo], files, strict=True):
            storage.put_bytes(keys[item.pk], data, "image/jpeg")
            OrderItem.objects.filter(pk=item.pk, printed_at=None, photo__photo_id=photo.photo_id).update(
                print_key=keys[item.pk], printed_at=timezone.now()
            )
            checksums[keys[item.pk]] = (len(data), hashlib.sha256(data).hexdigest())
    return checksums


def _made(waiting: dict[OrderPhoto, list[OrderItem]]) -> Iterator[tuple[OrderPhoto, list[bytes]]]:
    """Each photo with its thumbnail and print files, as they are finished; a process a core, no more in memory than these."""
    specs = iter([(photo, [_spec(item) for item in items]) for photo, items in waiting.items()])
    with ThreadPoolExecutor(print_process.AT_ONCE, thread_name_prefix="print") as pool:
        running = {pool.submit(_make, *order): order[0] for order in itertools.islice(specs, print_process.AT_ONCE)}
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                photo, files = running.pop(future), future.result()
                running |= {pool.submit(_make, *order): order[0] for order in itertools.islice(specs, 1)}
                yield photo, files


def _make(photo: OrderPhoto, specs: list[PrintSpec]) -> list[bytes]:
    """Runs in a thread of its own, and so leaves the database alone."""
    return print_process.shared.make(originals.chunks(photo), photo.bytes, photo.width, photo.height, specs)


def _store_thumbnail(order: Order, photo: OrderPhoto, data: bytes) -> None:
    key = storage_keys.thumbnail(order, photo)
    storage.put_bytes(key, data, "image/jpeg")
    OrderPhoto.objects.filter(pk=photo.pk, photo_id=photo.photo_id).update(thumbnail_key=key)


def _checksum(key: str) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for piece in storage.open_stream(key):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _mark_stored(order: Order) -> None:
    """Finished, unless something is missing after all (BeingStored: tried again); a second call changes nothing."""
    with transaction.atomic():
        locked = services.lock(order.pk)
        if locked.photos.filter(stored_at=None).exists() or locked.items.filter(printed_at=None).exists():
            raise BeingStored(order.number)
        if locked.stored_at is None:
            locked.stored_at = timezone.now()
            locked.save(update_fields=["stored_at"])
            OrderEvent.objects.create(order=locked, kind="stored", from_state=locked.state, to_state=locked.state)
    log.info("order_stored", order=order.number)


def _leave_redis(order: Order) -> None:
    """U9: only now, when S3 has confirmed every photo. The draft is over too: its photos need not wait for its end."""
    stash.release(list(order.photos.values_list("photo_id", flat=True)), order.number)
    stash.drop(order.draft_id)


def _items(order: Order) -> list[OrderItem]:
    return list(OrderItem.objects.filter(order=order).select_related("photo").order_by("pk"))


def _spec(item: OrderItem) -> PrintSpec:
    return PrintSpec(item.width_mm, item.height_mm, item.border_mm, item.fit, item.crop)


@contextmanager
def _only_worker(order: Order) -> Iterator[None]:
    """Saves doubled work; rows decide all the same. PostgreSQL frees the lock when a worker dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, order.pk % 2**31])
        if not cursor.fetchone()[0]:
            raise BeingStored(order.number)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, order.pk % 2**31])
