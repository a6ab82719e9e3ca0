"""Originals on their way from Redis to S3: streamed, verified, each marked in its own row (U7, U9)."""

import itertools
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.utils import timezone

from orders import storage_keys
from orders.models import Order, OrderPhoto
from uploads import stash, storage
from uploads.photo import PhotoGone, StashError

AT_ONCE = 3  # uploads side by side; each holds one part (8 MiB) and four chunks (1 MiB)


def store(order: Order) -> list[OrderPhoto]:
    """Stores every photo of the order that is not yet marked stored; returns those that are gone from Redis and from S3.

    Progress is in the rows: called again after a crash it goes on with what is left. The first outage of S3 or Redis
    ends it with that error, after what was under way has been marked.
    """
    waiting = iter(order.photos.filter(stored_at=None).order_by("seq"))
    gone: list[OrderPhoto] = []
    error: Exception | None = None
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store") as pool:
        running = {pool.submit(_upload, order, photo): photo for photo in itertools.islice(waiting, AT_ONCE)}
        while running:
            finished, _others = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                photo = running.pop(future)
                error = error or _note(order, photo, future, gone)
                upcoming = next(waiting, None) if error is None else None
                if upcoming is not None:
                    running[pool.submit(_upload, order, upcoming)] = upcoming
    if error is not None:
        raise error
    return gone


def chunks(photo: OrderPhoto) -> Iterator[bytes]:
    """The original's bytes, from Redis while they are there, else from S3; PhotoGone where they are in neither."""
    if stash.exists(photo.photo_id):
        return stash.chunks(photo.photo_id)
    if not photo.storage_key:
        raise PhotoGone(photo.photo_id)
    return storage.open_stream(photo.storage_key)


def _note(order: Order, photo: OrderPhoto, future: "Future[None]", gone: list[OrderPhoto]) -> Exception | None:
    """Marks one finished upload in its row; the error where it failed."""
    try:
        future.result()
    except (PhotoGone, storage.ContentMismatch):
        if not _already_there(order, photo):
            gone.append(photo)
            return None
    except (storage.StorageError, StashError) as error:
        return error
    # Whoever is second changes no row. A photo that was replaced meanwhile has other bytes: its turn comes again.
    OrderPhoto.objects.filter(pk=photo.pk, photo_id=photo.photo_id, stored_at=None).update(
        storage_key=storage_keys.original(order, photo), stored_at=timezone.now(), missing_since=None
    )
    return None


def _upload(order: Order, photo: OrderPhoto) -> None:
    """Runs in a thread of its own, and so leaves the database alone."""
    storage.put_stream(
        storage_keys.original(order, photo),
        stash.chunks(photo.photo_id),
        size=photo.bytes,
        sha256=photo.sha256,
        content_type=photo.content_type,
    )


def _already_there(order: Order, photo: OrderPhoto) -> bool:
    """Whether S3 has it all the same: a worker may have died between storing and marking, and Redis been emptied since."""
    try:
        return storage.sha256_of(storage_keys.original(order, photo)) == photo.sha256
    except storage.ObjectMissing:
        return False
