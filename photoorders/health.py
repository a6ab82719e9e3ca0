"""Is the shop able to serve? Each dependency is asked for real, all at once, each within a few seconds.

Anybody may ask, and as often as they like: while all is well each process asks its dependencies once in KEEP_SECONDS, and
those who come meanwhile get the same answer.
"""

import functools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import redis
from botocore.config import Config
from celery import current_app
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from photoorders import workers

TIMEOUT_SECONDS = 3
KEEP_SECONDS = 2  # far less than between two looks of a monitor, which so misses nothing

Checks = dict[str, dict[str, bool | int]]

_asking = threading.Lock()
_kept: list[tuple[float, Checks]] = []  # at most one answer, with the time.monotonic() at which it was had


def live(request: HttpRequest) -> JsonResponse:
    """The process answers; looks at nothing outside."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every dependency answers, else 503; `{status, checks: {name: {ok, ms}}}`. Says nothing of causes."""
    checks = kept_checks()
    fine = _fine(checks)
    return JsonResponse({"status": "ok" if fine else "degraded", "checks": checks}, status=200 if fine else 503)


def kept_checks() -> Checks:
    """The checks' outcome. One thread asks, and those who waited for it get its answer; a good one serves KEEP_SECONDS
    longer. A bad one is not kept: who hears that the shop is down may ask again at once."""
    came = time.monotonic()
    with _asking:
        if not _kept or not _serves(*_kept[0], came):
            checks = run_checks()
            _kept[:] = [(time.monotonic(), checks)]
        return _kept[0][1]


def _serves(had: float, checks: Checks, came: float) -> bool:
    return had >= came or (_fine(checks) and time.monotonic() - had < KEEP_SECONDS)


def _fine(checks: Checks) -> bool:
    return all(check["ok"] for check in checks.values())


def run_checks() -> Checks:
    """Every dependency's `{ok, ms}` (milliseconds), asked in parallel."""
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        return dict(zip(CHECKS, pool.map(_timed, CHECKS.values()), strict=True))


def _timed(check: Callable[[], None]) -> dict[str, bool | int]:
    start = time.monotonic()
    try:
        check()
        fine = True
    except Exception:  # noqa: BLE001 - whatever fails, the answer is "not ok"; `manage.py doctor` tells why
        fine = False
    return {"ok": fine, "ms": round((time.monotonic() - start) * 1000)}


def database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # this thread's own


def cache_redis() -> None:
    _ping(settings.REDIS_URL)


def photos_redis() -> None:
    _ping(settings.PHOTOS_REDIS_URL)


def broker() -> None:
    with current_app.connection_for_write(connect_timeout=TIMEOUT_SECONDS) as link:
        link.ensure_connection(max_retries=1, timeout=TIMEOUT_SECONDS)


def storage() -> None:
    client = _s3(
        settings.AWS_S3_ENDPOINT_URL,
        settings.AWS_S3_REGION_NAME,
        settings.AWS_ACCESS_KEY_ID or None,
        settings.AWS_SECRET_ACCESS_KEY or None,
    )
    client.head_bucket(Bucket=settings.AWS_STORAGE_BUCKET_NAME)


@functools.lru_cache(maxsize=1)
def _s3(endpoint: str | None, region: str, key: str | None, secret: str | None) -> Any:
    """One client, kept: making it takes a tenth of a second of the processor, asking with it next to nothing."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"max_attempts": 0}),
    )


def celery_workers() -> None:
    if not workers.alive():
        raise LookupError("no worker has reported within the last seconds")


def _ping(url: str) -> None:
    with redis.Redis.from_url(url, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS) as client:
        client.ping()


CHECKS: dict[str, Callable[[], None]] = {
    "database": database,
    "redis": cache_redis,
    "photos_redis": photos_redis,
    "broker": broker,
    "storage": storage,
    "workers": celery_workers,
}
