"""Storing by a real Celery worker that is killed, doubled, and cut off from S3 (U9, C50)."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from local.fixtures import Bucket, Mailbox, Worker
from orders.models import Order, OrderEvent
from orders.tests.paid_orders import jpeg, paid_order
from outbox.models import OutboxMessage
from outbox.services import enqueue
from uploads import stash

pytestmark = pytest.mark.django_db(transaction=True)


def heavy(seed: int, megabytes: int = 2) -> bytes:
    """A photo of that many megabytes: what follows a JPEG's end belongs to the file too."""
    return jpeg(seed=seed) + random.Random(seed).randbytes(megabytes * 1_000_000)


def ask_to_store(order: Order) -> OutboxMessage:
    with transaction.atomic():
        return enqueue(
            "orders.store_photos", key=f"store:{order.number}", queue="photos", payload={"order_id": order.pk}
        )


def stored(order: Order) -> bool:
    return Order.objects.filter(pk=order.pk, stored_at__isnull=False).exists()


def originals(bucket: Bucket) -> list[bytes]:
    return [bucket.read(key) for key in bucket.keys("orders/") if "/originals/" in key]


def lease_runs_out() -> None:
    """What half a minute's waiting does after a worker was killed."""
    OutboxMessage.objects.filter(state="pending").update(leased_until=timezone.now(), next_attempt_at=timezone.now())


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("least", "waits"), [(1, False), (9, True)])
def test_a_worker_killed_in_the_middle_of_storing_goes_on_and_every_photo_is_there_once(
    s3_bucket: Bucket, mailbox: Mailbox, worker: Worker, wait_until: Callable[..., Any], least: int, waits: bool
) -> None:
    """U9: kill -9 after the first, or most, originals; the same files as without it, nothing left in Redis. The second
    time nobody hurries: the work is taken up by itself within a minute."""
    photos = [heavy(seed) for seed in range(10)]
    order = paid_order(photos)
    ask_to_store(order)
    wait_until(lambda: order.photos.filter(stored_at__isnull=False).count() >= least, seconds=60, what="some photos")
    worker.kill()
    assert not stored(order)
    worker.start()
    if not waits:
        lease_runs_out()
    wait_until(lambda: stored(order), seconds=60, what=worker.tail())
    assert originals(s3_bucket) == photos
    stored_keys = s3_bucket.keys()
    assert sum("/prints/" in key for key in stored_keys) == 10
    assert OrderEvent.objects.filter(order=order, kind="stored").count() == 1
    wait_until(lambda: stash.staged_bytes() == 0, what="Redis to be empty")


def test_s3_away_for_a_while_only_delays_the_order(
    s3_bucket: Bucket, mailbox: Mailbox, worker: Worker, wait_until: Callable[..., Any]
) -> None:
    """C50: the row keeps the error and the next attempt; when S3 is back the order is stored, once."""
    photos = [jpeg(seed=1), jpeg(seed=2)]
    order = paid_order(photos)
    s3_bucket.server.stop()
    message = ask_to_store(order)
    wait_until(
        lambda: OutboxMessage.objects.filter(pk=message.pk, last_error__contains="StorageUnavailable").exists(),
        seconds=60,
    )
    assert not stored(order)
    assert stash.staged_bytes() > 0
    s3_bucket.start()
    lease_runs_out()
    wait_until(lambda: stored(order), seconds=60, what=worker.tail())
    assert originals(s3_bucket) == photos
    wait_until(
        lambda: OutboxMessage.objects.filter(pk=message.pk, state="done").exists(), what="the message to be done"
    )


def test_an_order_that_s3_refuses_for_good_is_shown_and_the_owner_is_told_once(
    s3_bucket: Bucket, mailbox: Mailbox, worker: Worker, wait_until: Callable[..., Any]
) -> None:
    """The failed row stays for "retry"; the photos wait in Redis; one mail; a retry after the mending stores the order."""
    from outbox.services import retry

    photos = [jpeg(seed=1)]
    order = paid_order(photos)
    s3_bucket.client.delete_bucket(Bucket=s3_bucket.name)
    message = ask_to_store(order)
    [mail] = mailbox.wait_for(1, timeout=30)
    assert order.number in str(mail["Subject"])
    message.refresh_from_db()
    assert message.state == "failed"
    assert "NoSuchBucket" in message.last_error
    assert stash.staged_bytes() > 0
    s3_bucket.client.create_bucket(Bucket=s3_bucket.name)
    retry(message)
    wait_until(lambda: stored(order), seconds=30, what=worker.tail())
    assert originals(s3_bucket) == photos
    assert len(mailbox.messages()) == 1
