"""System checks that stop a misconfigured production start: `manage.py check --deploy`, and every process's start."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from photoorders import environment as env

STRIPE_HOSTS = ("https://api.stripe.com",)
GOOGLE_HOSTS = ("https://maps.googleapis.com",)
EX_CONFIG = 78  # of sysexits.h
# What docker/demo.env publishes: every stranger knows it. That file is not in the image; a test compares the two.
PUBLISHED = {
    "SECRET_KEY": "demo-only-demo-only-demo-only-demo-only-demo-only",
    "STRIPE_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_sandbox",
    "GOOGLE_MAPS_API_KEY": "AIzaSandbox",
    "AWS_ACCESS_KEY_ID": "photoorders",
    "AWS_SECRET_ACCESS_KEY": "photoorders-secret",
    "METRICS_TOKEN": "demo-metrics",
}
PUBLISHED_DATABASE_PASSWORD = "demo-database"  # noqa: S105 - refused
CATCHER_PORT = 1025  # of the sandbox's SMTP server
NO_MAIL = ("console", "dummy", "filebased")


@register(Tags.security, deploy=True)
def production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What a real shop cannot do without. The demo (DEMO=1) brings its own stand-ins and is let off."""
    if settings.DEMO:
        return []
    return [*_secrets(), *_published(), *_addresses(), *_mail(), *_database(), *_s3(), *_redis(), *_modes()]


def load_settings() -> None:
    """Reads the settings. Ends the process with one line where a variable cannot be read; web and workers begin with it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")
    try:
        settings.INSTALLED_APPS  # noqa: B018 - the first look at them reads them all
    except ImproperlyConfigured as error:
        print(f"photoorders cannot start: {error}", file=sys.stderr)  # noqa: T201 - before there is any logging
        sys.exit(EX_CONFIG)


def refuse_unsafe_start() -> None:
    """Ends the process with a message where production settings are missing or unsafe. Web and workers call it first."""
    errors = [m for m in run_checks(tags=[Tags.security], include_deployment_checks=True) if isinstance(m, Error)]
    if errors and not settings.TESTING:
        for error in errors:
            print(f"photoorders cannot start: {error.msg}\n    {error.hint}", file=sys.stderr)  # noqa: T201 - before there is any logging
        print("`python manage.py check --deploy` lists it all; DEMO=1 runs the demo instead.", file=sys.stderr)  # noqa: T201 - before there is any logging
        sys.exit(EX_CONFIG)


def _secrets() -> Iterator[CheckMessage]:
    if settings.SECRET_KEY == settings.INSECURE_SECRET_KEY or len(settings.SECRET_KEY) < 40:
        yield _error(
            "E001", "SECRET_KEY is missing or too short", "Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters."
        )
    needed = {
        "STRIPE_SECRET_KEY": "Stripe's secret key (Dashboard → Developers → API keys)",
        "STRIPE_WEBHOOK_SECRET": "the signing secret of the webhook endpoint (Dashboard → Developers → Webhooks)",
        "GOOGLE_MAPS_API_KEY": "a key with the Geocoding API enabled (Google Cloud console)",
    }
    values = {
        "STRIPE_SECRET_KEY": settings.STRIPE_SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": ",".join(settings.STRIPE_WEBHOOK_SECRETS),
        "GOOGLE_MAPS_API_KEY": settings.GOOGLE_MAPS_API_KEY,
    }
    for number, (name, what) in enumerate(needed.items(), start=2):
        if not values[name]:
            yield _error(f"E00{number}", f"{name} is missing", f"Set {name} to {what}.")
    if settings.GOOGLE_MAPS_API_KEY and not settings.GOOGLE_MAPS_API_KEY.startswith("AIza"):
        yield _error("E005", "GOOGLE_MAPS_API_KEY is no Google key", "Google's keys begin with AIza.")
    if settings.STRIPE_SECRET_KEY and not re.fullmatch(r"[sr]k_(test|live)_\w+", settings.STRIPE_SECRET_KEY, re.ASCII):
        yield _error(
            "E007",
            "STRIPE_SECRET_KEY is no secret key of Stripe's",
            "They begin with sk_live_ or rk_live_ (or …_test_).",
        )
    if settings.PAYMENT_PAGE == "elements" and not settings.STRIPE_PUBLISHABLE_KEY.startswith("pk_"):
        yield _error(
            "E008",
            "PAYMENT_PAGE=elements needs STRIPE_PUBLISHABLE_KEY",
            "Set STRIPE_PUBLISHABLE_KEY to the key that begins with pk_, or leave PAYMENT_PAGE unset.",
        )
    if any("whsec_sandbox" in secret for secret in settings.STRIPE_WEBHOOK_SECRETS):
        yield _error(
            "E006", "STRIPE_WEBHOOK_SECRET is the sandbox's", "Take the signing secret from Stripe's dashboard."
        )


def _published() -> Iterator[CheckMessage]:
    for name, value in PUBLISHED.items():
        if getattr(settings, name) == value:
            yield _error("E009", f"{name} is the demo's, which everybody knows", f"Set {name} to a value of your own.")


def _addresses() -> Iterator[CheckMessage]:
    if settings.STRIPE_API_BASE and settings.STRIPE_API_BASE not in STRIPE_HOSTS:
        yield _error(
            "E010", "STRIPE_API_BASE points at a stand-in", "Leave STRIPE_API_BASE unset: Stripe itself is the default."
        )
    if settings.GOOGLE_MAPS_BASE_URL not in GOOGLE_HOSTS:
        yield _error(
            "E011",
            "GOOGLE_MAPS_BASE_URL points at a stand-in",
            "Leave GOOGLE_MAPS_BASE_URL unset: Google is the default.",
        )
    if not settings.SECURE:
        yield _error(
            "E012", "SITE_URL does not begin with https://", "Set SITE_URL to the shop's public https address."
        )
    if not validate_host(str(urlsplit(settings.SITE_URL).hostname), settings.ALLOWED_HOSTS):
        yield _error(
            "E017", "ALLOWED_HOSTS lacks SITE_URL's host", "Leave ALLOWED_HOSTS unset, or add that host to it."
        )
    if any(not origin.startswith("https://") for origin in settings.STRIPE_CHECKOUT_ORIGINS):
        yield _error(
            "E018",
            "STRIPE_CHECKOUT_ORIGINS names an address without https://",
            "Leave STRIPE_CHECKOUT_ORIGINS unset unless Stripe serves Checkout from a domain of yours.",
        )


def _mail() -> Iterator[CheckMessage]:
    if not env.text("EMAIL_URL"):
        yield _error(
            "E015", "EMAIL_URL is missing: nobody would be written to", "Set smtp+tls://user:password@host:587."
        )
    elif settings.EMAIL_PORT == CATCHER_PORT or settings.EMAIL_BACKEND.split(".")[-2] in NO_MAIL:
        yield _error("E016", "EMAIL_URL leads to a catcher, not to people", "Set smtp+tls://user:password@host:587.")
    if settings.OWNER_EMAIL.endswith("@example.test"):
        yield _error("E013", "OWNER_EMAIL is the demo's", "Set OWNER_EMAIL to where the owner reads about new orders.")
    if settings.DEFAULT_FROM_EMAIL.endswith(("@example.test", "@example.test>")):
        yield _error(
            "E014", "DEFAULT_FROM_EMAIL is the demo's", "Set DEFAULT_FROM_EMAIL to an address of the shop's domain."
        )


def _database() -> Iterator[CheckMessage]:
    if not env.text("DATABASE_URL"):
        yield _error("E020", "DATABASE_URL is missing", "Set DATABASE_URL to postgres://user:password@host/name.")
    if settings.DATABASES["default"].get("PASSWORD") == PUBLISHED_DATABASE_PASSWORD:
        yield _error("E021", "The database's password is the demo's", "Set POSTGRES_PASSWORD to one of your own.")


def _s3() -> Iterator[CheckMessage]:
    missing = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not getattr(settings, name)]
    if missing:
        yield _error("E022", f"{' and '.join(missing)} missing: paid photos could not be stored", "Set both AWS keys.")
    host = urlsplit(settings.AWS_S3_ENDPOINT_URL or "").hostname or ""
    if host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost"):
        yield _error(
            "E023",
            "AWS_S3_ENDPOINT_URL is this machine's, as in the demo",
            "Leave it unset for AWS, or set your provider's address: the links to photos lead there.",
        )


def _redis() -> Iterator[CheckMessage]:
    if settings.PHOTOS_REDIS_URL == settings.REDIS_URL:
        yield Warning(
            "Photos share Redis with sessions and the broker",
            hint="Give photos a Redis of their own (PHOTOS_REDIS_URL, maxmemory-policy noeviction).",
            id="photoorders.W021",
        )


def _modes() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield _error("E030", "DEBUG is on", "Unset DEBUG: error pages would show secrets to visitors.")
    if not settings.METRICS_TOKEN:
        yield Warning("METRICS_TOKEN is not set", hint="/metrics answers nobody until it is.", id="photoorders.W031")


def _error(number: str, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"photoorders.{number}")
