"""What is configured, reachable, wrong, and how to mend it: the checks behind `manage.py doctor`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from photoorders import health


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report; `mend` says what to do when `ok` is False (or a warning when it is None)."""

    name: str
    ok: bool | None
    what: str
    mend: str = ""


def examine() -> Iterator[Finding]:
    """Every finding, in the order in which to mend them."""
    yield _mode()
    yield _tried("database", _database, "Start PostgreSQL, or set DATABASE_URL=postgres://user:password@host/name.")
    yield _tried("redis", lambda: _redis(settings.REDIS_URL), "Start Redis, or set REDIS_URL=redis://host:6379/0.")
    yield _tried(
        "photos redis", lambda: _redis(settings.PHOTOS_REDIS_URL), "Set PHOTOS_REDIS_URL to a Redis for photo bytes."
    )
    yield _eviction()
    yield _tried("broker", _broker, "Set CELERY_BROKER_URL (default: REDIS_URL).")
    yield _tried("workers", _workers, "Start one: celery -A photoorders worker -Q webhooks,photos,mail,default")
    yield _tried("storage", _storage, "Check AWS_STORAGE_BUCKET_NAME, AWS_S3_ENDPOINT_URL and the two AWS keys.")
    yield _tried("mail", _mail, "Set EMAIL_URL=smtp+tls://user:password@host:587 (smtp://, smtp+ssl://).")
    yield _tried("stripe", _stripe, "Check STRIPE_SECRET_KEY; Stripe's dashboard shows it under Developers → API keys.")
    yield _tried("google", _google, "Check GOOGLE_MAPS_API_KEY and that the Geocoding API is enabled for it.")


def send_test_email(recipient: str) -> None:
    """Sends one short mail; SMTP's errors are raised."""
    EmailMessage(
        "photoorders: test", "This mail shows that the shop can send mail.", settings.DEFAULT_FROM_EMAIL, [recipient]
    ).send(fail_silently=False)


def _tried(name: str, attempt: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(name, True, attempt())
    except Exception as error:  # noqa: BLE001 - a doctor reports whatever is wrong and goes on to the next
        return Finding(name, False, f"{type(error).__name__}: {str(error).strip()[:200]}", mend)


def _mode() -> Finding:
    if settings.DEMO:
        return Finding(
            "mode",
            None,
            f"demo at {settings.SITE_URL}: stand-ins allowed, no real money",
            "Set DEMO=0 for a real shop.",
        )
    return Finding("mode", True, f"production at {settings.SITE_URL}")


def _database() -> str:
    executor = MigrationExecutor(connections["default"])
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise LookupError(f"{len(missing)} migrations are not applied: run `python manage.py migrate`")
    version = connections["default"].cursor().connection.info.server_version
    return f"PostgreSQL {version // 10000}, migrations applied"


def _redis(url: str) -> str:
    with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
        return f"Redis {client.info('server')['redis_version']}"


def _eviction() -> Finding:
    """A Redis that evicts would throw paid photos away (DESIGN: noeviction, maxmemory above the budget)."""
    try:
        with redis.Redis.from_url(settings.PHOTOS_REDIS_URL, socket_connect_timeout=3, socket_timeout=3) as client:
            memory = client.info("memory")
    except redis.RedisError as error:
        return Finding(
            "photo memory", False, f"{type(error).__name__}: cannot be asked", "Mend the photos' Redis first."
        )
    policy, limit = str(memory["maxmemory_policy"]), int(memory["maxmemory"])
    budget = settings.UPLOADS_MEMORY_BUDGET_MB * 1_000_000
    if policy != "noeviction":
        return Finding(
            "photo memory",
            False,
            f"maxmemory-policy is {policy}",
            "Set maxmemory-policy noeviction, else photos get lost.",
        )
    if limit and limit < budget:
        mend = "Raise maxmemory above UPLOADS_MEMORY_BUDGET_MB, with headroom, or lower the budget."
        return Finding(
            "photo memory", False, f"maxmemory is {limit // 1_000_000} MB, the budget {budget // 1_000_000} MB", mend
        )
    return Finding("photo memory", True, f"noeviction, budget {budget // 1_000_000} MB")


def _broker() -> str:
    health.broker()
    return "answers"


def _workers() -> str:
    from photoorders import workers

    names = workers.alive()
    if not names:
        raise LookupError("no worker has reported within the last seconds")
    return ", ".join(sorted(names))


def _storage() -> str:
    health.storage()
    return f"bucket {settings.AWS_STORAGE_BUCKET_NAME}"


def _mail() -> str:
    link = get_connection(fail_silently=False)
    link.open()
    link.close()
    return f"accepts connections; owner's mail goes to {settings.OWNER_EMAIL}"


def _stripe() -> str:
    """Asks Stripe for the webhook endpoints: proves the key, and that payments would be told of (C25)."""
    from payments import gateway

    address = f"{settings.SITE_URL}/webhooks/stripe/"
    ours = [endpoint for endpoint in gateway.endpoints() if endpoint.url == address]
    if not ours and not settings.DEMO:
        raise LookupError(f"the key works, but no webhook endpoint points at {address}: make one in Stripe's dashboard")
    if any(not endpoint.enabled for endpoint in ours):
        raise LookupError(f"the webhook endpoint {address} is disabled at Stripe: enable it in the dashboard")
    return f"the key works, {len(ours)} webhook endpoint for this shop"


def _google() -> str:
    from addresses import google

    places = google.geocode("Rua Augusta 100, 1100-053 Lisboa, Portugal")
    return f"answers ({len(places)} place for the test address)"
