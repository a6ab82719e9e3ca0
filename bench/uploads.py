"""upload_throughput, upload_redis_overhead, upload_web_memory: photos from customers into Redis.

Uses the environment's Redis and the shop's own gunicorn settings; no worker runs.
"""

import os
import statistics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

import django

django.setup()

import redis
from django.conf import settings

from bench import upload_clients, web_servers
from uploads import receive, stash

ROUNDS = 7
CLIENTS, PHOTOS, MEGABYTES = 8, 4, 5
THROUGHPUT_TARGET = 0.6
OVERHEAD_PHOTOS, OVERHEAD_TARGET = 20, 1.03
MEMORY_MEGABYTES, MEMORY_TARGET_MB = 20, 4.0
BUDGET = {"UPLOADS_MEMORY_BUDGET_MB": "16384"}


def rows() -> list[dict[str, object]]:
    """The rows, in the form of bench/results.json."""
    photo = upload_clients.camera_jpeg(MEGABYTES)
    found = [_throughput(photo), _overhead(photo), _memory()]
    redis.Redis.from_url(settings.CELERY_BROKER_URL).delete("photos")  # checks that nobody was there to do
    return found


def _throughput(photo: bytes) -> dict[str, object]:
    """Alternating with the bare application under the same server, a warm-up round first."""
    with web_servers.serving(**BUDGET) as shop, web_servers.serving("bench.bare_upload:application") as bare:
        customers = [upload_clients.Customer(shop.url) for _ in range(CLIENTS)]
        senders = [upload_clients.Customer(bare.url, bare=True) for _ in range(CLIENTS)]
        ours, floor = [], []
        for number in range(ROUNDS + 1):
            bodies = _bodies(photo, number)
            ours.append(CLIENTS * PHOTOS * MEGABYTES / upload_clients.seconds(customers, bodies))
            for customer in customers:
                stash.drop(customer.draft_id)
            floor.append(CLIENTS * PHOTOS * MEGABYTES / upload_clients.seconds(senders, bodies))
            _forget_bare()
    value, base = statistics.median(ours[1:]), statistics.median(floor[1:])
    return _row(
        "upload_throughput", value, "MB/s", base, value / base, THROUGHPUT_TARGET, ok=value / base >= THROUGHPUT_TARGET
    )


def _overhead(photo: bytes) -> dict[str, object]:
    """All that Redis allocates for photos, manifest and records included, over the photos' bytes."""
    client = redis.Redis.from_url(settings.PHOTOS_REDIS_URL)
    before = _allocated(client)
    sent = 0
    for number in range(OVERHEAD_PHOTOS):
        data = (
            upload_clients.varied(photo, number)[: -number * 1021 - 2] + b"\xff\xd9"
        )  # sizes that are no round numbers
        receive.receive("bench", [data], filename="a.jpg")
        sent += len(data)
    ratio = (_allocated(client) - before) / sent
    stash.drop("bench")
    return _row("upload_redis_overhead", ratio, "", 1.0, ratio, OVERHEAD_TARGET, ok=ratio <= OVERHEAD_TARGET)


def _memory() -> dict[str, object]:
    """Growth of the peak resident memory of all web processes, a photo, over that of a server that took small ones."""
    photo, small = upload_clients.camera_jpeg(MEMORY_MEGABYTES, (6000, 4000)), upload_clients.camera_jpeg(1, (800, 600))
    with web_servers.serving(**BUDGET) as shop:
        customers = [upload_clients.Customer(shop.url) for _ in range(CLIENTS)]
        for number in range(3):
            upload_clients.seconds(customers, [[upload_clients.varied(small, 10 * number + n)] for n in range(CLIENTS)])
        before = shop.peak_mb()
        upload_clients.seconds(customers, [[upload_clients.varied(photo, n)] for n in range(CLIENTS)])
        grown = (shop.peak_mb() - before) / CLIENTS
        for customer in customers:
            stash.drop(customer.draft_id)
    base = float(MEMORY_MEGABYTES)
    return _row("upload_web_memory", grown, "MB", base, grown / base, MEMORY_TARGET_MB, ok=grown <= MEMORY_TARGET_MB)


def _bodies(photo: bytes, round_number: int) -> list[list[bytes]]:
    first = round_number * CLIENTS * PHOTOS
    return [[upload_clients.varied(photo, first + n * PHOTOS + m) for m in range(PHOTOS)] for n in range(CLIENTS)]


def _allocated(client: "redis.Redis") -> int:
    return sum(client.memory_usage(key, samples=0) or 0 for key in client.scan_iter("photo*", count=1000))


def _forget_bare() -> None:
    client = redis.Redis.from_url(settings.PHOTOS_REDIS_URL)
    for key in client.scan_iter("bench:*", count=1000):
        client.delete(key)


def _row(
    name: str, value: float, unit: str, floor: float, ratio: float, target: float, *, ok: bool
) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": round(floor, 3),
        "ratio": round(ratio, 3),
        "target": target,
        "ok": ok,
    }
