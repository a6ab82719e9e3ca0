"""store_throughput and store_memory: originals from Redis to S3 as the worker stores them.

Uses the environment's PostgreSQL (a database of its own, dropped afterwards) and Redis, and an S3 server started here.
"""

import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

import django

django.setup()

import boto3
from django.conf import settings
from django.db import connection
from django.test.signals import setting_changed

from orders import originals
from orders.models import Order
from orders.tests.factories import OrderFactory, OrderPhotoFactory
from uploads import stash
from uploads.tests.s3_server import BUCKET, KEY_ID, SECRET, S3Server

ROUNDS = 5
THROUGHPUT_PHOTOS, THROUGHPUT_MB = 24, 5
MEMORY_PHOTOS, MEMORY_MB = 50, 20
MEMORY_TARGET_MB = 64
THROUGHPUT_TARGET = 0.8


def rows() -> list[dict[str, object]]:
    """The two rows, in the form of bench/results.json."""
    with _database(), tempfile.TemporaryDirectory() as folder, _s3(Path(folder)) as server:
        return [_throughput(server), _memory(server)]


def _throughput(server: S3Server) -> dict[str, object]:
    """The worker's way against boto3's upload_fileobj of the same bytes from memory, one after the other, alternating."""
    photos = [random.Random(n).randbytes(THROUGHPUT_MB * 1_000_000) for n in range(THROUGHPUT_PHOTOS)]
    megabytes = THROUGHPUT_PHOTOS * THROUGHPUT_MB
    ours, floor = [], []
    for round_number in range(ROUNDS):
        order = _order(photos)
        ours.append(megabytes / _seconds(lambda order=order: originals.store(order)))
        stash.release([photo.photo_id for photo in order.photos.all()], order.number)
        floor.append(megabytes / _seconds(lambda number=round_number: _upload_plainly(server, photos, number)))
    value, bare = statistics.median(ours), statistics.median(floor)
    ratio = value / bare
    return _row(
        "store_throughput",
        value,
        "MB/s",
        floor=bare,
        ratio=ratio,
        target=THROUGHPUT_TARGET,
        ok=ratio >= THROUGHPUT_TARGET,
    )


def _memory(server: S3Server) -> dict[str, object]:
    """The growth of a worker process' peak RSS while it stores 50 photos of 20 MB, measured by that process itself."""
    order = _order(random.Random(n).randbytes(MEMORY_MB * 1_000_000) for n in range(MEMORY_PHOTOS))
    warm_up = _order([random.Random(1).randbytes(1_000_000)])
    result = subprocess.run(
        [sys.executable, "-m", "bench.store_memory", str(warm_up.pk), str(order.pk)],
        env=os.environ | server.environment() | {"DATABASE_URL": _database_url()},
        capture_output=True,
        text=True,
        check=True,
    )
    stash.release([photo.photo_id for photo in order.photos.all()], order.number)
    grown = float(result.stdout.split()[-1])
    return _row(
        "store_memory", grown, "MB", floor=None, ratio=None, target=MEMORY_TARGET_MB, ok=grown <= MEMORY_TARGET_MB
    )


def _order(photos: "Iterator[bytes] | list[bytes]") -> Order:
    """A paid order whose photos lie in Redis."""
    order: Order = OrderFactory(paid=True, items=False)
    for seq, data in enumerate(photos, start=1):
        with stash.open_writer(f"bench-{order.number}", len(data)) as writer:
            writer.write(data)
            photo = writer.commit(filename=f"{seq}.jpg", content_type="image/jpeg", width=4000, height=3000)
        OrderPhotoFactory(
            order=order, seq=seq, photo_id=photo.id, filename=f"{seq}.jpg", bytes=len(data), sha256=photo.sha256
        )
        stash.hold([photo.id], order.number, 3600)
    stash.drop(f"bench-{order.number}")
    return order


def _upload_plainly(server: S3Server, photos: list[bytes], round_number: int) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=server.url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        region_name=settings.AWS_S3_REGION_NAME,
    )
    for number, data in enumerate(photos):
        client.upload_fileobj(io.BytesIO(data), BUCKET, f"floor/{round_number}/{number}.jpg")


def _seconds(work: "object") -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]  # the task's function
    return time.perf_counter() - start


def _row(name: str, value: float, unit: str, **more: object) -> dict[str, object]:
    rounded = {key: round(entry, 3) if isinstance(entry, float) else entry for key, entry in more.items()}
    return {"name": name, "value": round(value, 1), "unit": unit, **rounded}


@contextmanager
def _s3(folder: Path) -> Iterator[S3Server]:
    """An S3 server of this run's own, in use by Django's storage."""
    server = S3Server(folder)
    server.start()
    server.use(settings)
    setting_changed.send(sender=S3Server, setting="STORAGES", value=settings.STORAGES, enter=True)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _database() -> Iterator[None]:
    """A database of this run's own, with the shop's tables."""
    name = str(connection.settings_dict["NAME"])
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _database_url() -> str:
    given = connection.settings_dict
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


if __name__ == "__main__":
    for row in rows():
        print(row)
