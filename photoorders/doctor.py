"""What is configured, reachable, wrong, and how to mend it: the checks behind `manage.py doctor`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from backoffice.management.commands.setup_shop import STUDIO_FIELDS
from orders.models import ShopSettings
from photoorders import health

MEGABYTE = 1024 * 1024  # bytes, as uploads.photo_writer counts its budget
HEADROOM_PERCENT = 25  # for previews, keys and Redis' own: at maxmemory every write of a paid photo would be refused


class Wrong(Exception):
    """What a check found, in words, and how to mend it where its general advice would mislead."""

    def __init__(self, what: str, mend: str = "") -> None:
        self.what = what
        self.mend = mend
        super().__init__(what)


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
    yield _tried("workers", _workers, "Start one: celery -A photoorders worker -Q webhooks,photos,mail,slow,default")
    yield _tried("storage", _storage, "Check AWS_STORAGE_BUCKET_NAME, AWS_S3_ENDPOINT_URL and the two AWS keys.")
    yield _tried("mail", _mail, "Set EMAIL_URL=smtp+tls://user:password@host:587 (smtp://, smtp+ssl://).")
    yield _tried("stripe", _stripe, "Check STRIPE_SECRET_KEY; Stripe's dashboard shows it under Developers → API keys.")
    yield _tried("google", _google, "Check GOOGLE_MAPS_API_KEY and that the Geocoding API is enabled for it.")
    yield _seller()


def send_test_email(recipient: str) -> None:
    """Sends one short mail; SMTP's errors are raised."""
    EmailMessage(
        "photoorders: test", "This mail shows that the shop can send mail.", settings.DEFAULT_FROM_EMAIL, [recipient]
    ).send(fail_silently=False)


def _tried(name: str, attempt: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(name, True, attempt())
    except Wrong as wrong:
        return Finding(name, False, wrong.what, wrong.mend or mend)
    except Exception as error:  # noqa: BLE001 - a doctor reports whatever is wrong and goes on to the next
        said = " ".join(str(error).split())[:200]
        return Finding(name, False, f"{type(error).__name__}: {said}" if said else type(error).__name__, mend)


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
        raise Wrong(f"{len(missing)} migrations are not applied", "Run `python manage.py migrate`.")
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
    budget = settings.UPLOADS_MEMORY_BUDGET_MB * MEGABYTE
    if policy != "noeviction":
        return Finding(
            "photo memory",
            False,
            f"maxmemory-policy is {policy}",
            "Set maxmemory-policy noeviction, else photos get lost.",
        )
    needed = budget + budget * HEADROOM_PERCENT // 100
    if limit and limit < needed:
        mend = f"Raise maxmemory to {needed // MEGABYTE}mb or more, or lower UPLOADS_MEMORY_BUDGET_MB."
        what = f"maxmemory is {limit // MEGABYTE} MB, the budget {budget // MEGABYTE} MB"
        return Finding("photo memory", False if limit < budget else None, what, mend)
    return Finding("photo memory", True, f"noeviction, budget {budget // MEGABYTE} MB")


def _seller() -> Finding:
    """What the law wants a shop to show of its seller (P2): it is typed in the admin, or asked for by setup_shop."""
    try:
        shop = ShopSettings.load()
    except DatabaseError as error:
        return Finding("seller", False, f"{type(error).__name__}: cannot be read", "Mend the database first.")
    missing = [name for name in STUDIO_FIELDS if not getattr(shop, name)]
    if missing:
        mend = "Fill them in: in the admin under the shop's settings, or by `manage.py setup_shop`."
        return Finding("seller", None, f"not shown to customers: {', '.join(missing)}", mend)
    return Finding("seller", True, "name, address, NIPC, contact and arbitration body are shown")


def _broker() -> str:
    health.broker()
    return "answers"


def _workers() -> str:
    from photoorders import workers

    names = workers.alive()
    if not names:
        raise Wrong("no worker has reported within the last seconds")
    return ", ".join(sorted(names))


def _storage() -> str:
    bucket = settings.AWS_STORAGE_BUCKET_NAME
    try:
        health.storage()
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            raise Wrong(f"there is no bucket {bucket}", "Make it, or correct AWS_STORAGE_BUCKET_NAME.") from error
        if status == 403:
            mend = "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what the key may do with this bucket."
            raise Wrong(f"the keys are refused for bucket {bucket}", mend) from error
        raise
    return f"bucket {bucket}"


def _mail() -> str:
    link = get_connection(fail_silently=False)
    link.open()
    link.close()
    return f"accepts connections; owner's mail goes to {settings.OWNER_EMAIL}"


def _stripe() -> str:
    """Asks Stripe for the webhook endpoints: proves the key, and that payments would be told of (C25)."""
    from payments import gateway

    address = f"{settings.SITE_URL}/webhooks/stripe/"
    try:
        ours = [endpoint for endpoint in gateway.endpoints() if endpoint.url == address]
    except gateway.GatewayUnavailable as error:
        mend = "See status.stripe.com and whether this machine reaches the internet. No payment is lost meanwhile."
        raise Wrong(f"Stripe does not answer ({error})", mend) from error
    except gateway.GatewayMisconfigured as error:
        raise Wrong("Stripe refuses the key") from error
    if not ours and not settings.DEMO:
        mend = "Make one in Stripe's dashboard under Developers → Webhooks (docs/operating.md, First start)."
        raise Wrong(f"the key works, but no webhook endpoint points at {address}", mend)
    if any(not endpoint.enabled for endpoint in ours):
        raise Wrong(f"the webhook endpoint {address} is disabled at Stripe", "Enable it in Stripe's dashboard.")
    return f"the key works, {len(ours)} webhook endpoint for this shop"


def _google() -> str:
    from addresses import google

    try:
        places = google.geocode("Rua Augusta 100, 1100-053 Lisboa, Portugal")
    except google.GoogleRefusedKey as error:
        raise Wrong("Google refuses the key") from error
    except (google.GoogleTimeout, google.GoogleUnavailable) as error:
        mend = "See whether this machine reaches the internet; ADDRESS_OUTAGE_POLICY says what orders do meanwhile."
        raise Wrong(f"Google does not answer ({error.reason})", mend) from error
    except google.GoogleOverQuota as error:
        raise Wrong("the key's quota is used up", "Raise it, or set up billing, in Google's console.") from error
    return f"answers ({len(places)} place for the test address)"
