"""Is the shop able to serve? Each dependency is asked for real, all at once, each within a few seconds."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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


def live(request: HttpRequest) -> JsonResponse:
    """The process answers; looks at nothing outside."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every dependency answers, else 503; `{status, checks: {name: {ok, ms}}}`. Says nothing of causes."""
    checks = run_checks()
    fine = all(check["ok"] for check in checks.values())
    return JsonResponse({"status": "ok" if fine else "degraded", "checks": checks}, status=200 if fine else 503)


def run_checks() -> dict[str, dict[str, bool | int]]:
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
    client = boto3.client(
        "s3",
        endpoint_url=settings.AWS_S3_ENDPOINT_URL,
        region_name=settings.AWS_S3_REGION_NAME,
        aws_access_key_id=settings.AWS_ACCESS_KEY_ID or None,
        aws_secret_access_key=settings.AWS_SECRET_ACCESS_KEY or None,
        config=Config(connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"max_attempts": 0}),
    )
    client.head_bucket(Bucket=settings.AWS_STORAGE_BUCKET_NAME)


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
