"""Which Celery workers are alive: each reports to Redis with its heartbeat, a few seconds apart."""

import time

import redis
import structlog
from celery.signals import heartbeat_sent, worker_ready, worker_shutting_down
from django.conf import settings

KEY = "workers:alive"  # sorted set: worker's name → Unix time of its last report
FRESH_SECONDS = 15

log = structlog.get_logger(__name__)


def alive() -> list[str]:
    """Names of the workers that reported within FRESH_SECONDS."""
    with _client() as client:
        names = client.zrangebyscore(KEY, time.time() - FRESH_SECONDS, "+inf")
    return [name.decode() for name in names]


@worker_ready.connect
@heartbeat_sent.connect
def report(sender: object, **kwargs: object) -> None:
    """Notes that this worker lives. A Redis that is away is no reason to stop working."""
    name = str(getattr(sender, "hostname", "") or getattr(getattr(sender, "eventer", None), "hostname", "") or "worker")
    try:
        with _client() as client:
            client.zadd(KEY, {name: time.time()})
            client.zremrangebyscore(KEY, "-inf", time.time() - 3600)
    except redis.RedisError as error:
        log.warning("worker_report_failed", error=type(error).__name__)


@worker_shutting_down.connect
def leave(sender: object, **kwargs: object) -> None:
    try:
        with _client() as client:
            client.zrem(KEY, str(sender))
    except redis.RedisError as error:
        log.warning("worker_report_failed", error=type(error).__name__)


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3)
