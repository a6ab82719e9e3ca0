"""Typed readers of the process environment: every setting comes through here, once, and bad values fail loudly.

A variable NAME may also be given as NAME_FILE, the path of a file that holds it (Docker and Kubernetes secrets).
A `.env` file beside manage.py is read first; real variables win over it.
"""

import io
import ipaddress
import os
import re
import zoneinfo
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.Env()
_QUOTED = re.compile(r"""((?:export )?\w+=(["']).*?(?<!\\)\2)\s*(?:#.*)?""")


def read_dotenv(path: Path) -> None:
    """Reads KEY=value lines of `path` into the environment, without overriding what is set.

    A # after white space begins a comment, outside quotes, as it does for Docker's compose: one file serves both.
    """
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        environ.Env.read_env(io.StringIO("\n".join(map(_without_comment, lines))), overwrite=False)


def _without_comment(line: str) -> str:
    quoted = _QUOTED.fullmatch(line)
    return quoted[1] if quoted else re.sub(r"\s+#.*", "", line).rstrip()


def given(name: str) -> bool:
    """Whether the variable, or the file that holds it, is named and not empty."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def text(name: str, default: str = "") -> str:
    """The variable as text; NAME_FILE's content, stripped, when only that is set."""
    secret_file = os.environ.get(f"{name}_FILE")
    if name not in os.environ and secret_file:
        try:
            return Path(secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {secret_file!r}, which cannot be read: {error}") from error
    return str(_env.str(name, default=default))


def flag(name: str, default: bool = False) -> bool:
    value = text(name).strip().lower()
    if value in ("",):
        return default
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def number(name: str, default: int, minimum: int = 0, maximum: int = 2**62) -> int:
    value = text(name).strip() or str(default)
    try:
        result = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from error
    if not minimum <= result <= maximum:
        raise ImproperlyConfigured(f"{name} must be between {minimum} and {maximum}, not {result}")
    return result


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name).strip() or default
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def items(name: str, default: str = "") -> list[str]:
    """A comma-separated list; empty parts are dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def networks(name: str) -> list[str]:
    """A comma-separated list of IP addresses and networks."""
    found = items(name)
    for each in found:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must list addresses like 172.16.0.0/12; {each!r} is none") from error
    return found


def zone(name: str, default: str) -> str:
    """The name of a time zone."""
    value = text(name).strip() or default
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImproperlyConfigured(f"{name} must be a time zone like Europe/Lisbon, not {value!r}") from error
    return value


def url(name: str, default: str = "", schemes: tuple[str, ...] = ("http", "https")) -> str:
    """An absolute URL without a trailing slash, or "" when unset."""
    value = (text(name) or default).strip().rstrip("/")
    if value and (urlsplit(value).scheme not in schemes or not urlsplit(value).netloc):
        raise ImproperlyConfigured(
            f"{name} must be a URL starting with {' or '.join(f'{s}://' for s in schemes)}, not {value!r}"
        )
    return value


def database(name: str) -> dict[str, object]:
    """Django's database dictionary for a postgres:// URL; secrets may come through NAME_FILE."""
    value = text(name)
    if not value:
        return {}
    try:
        parsed: dict[str, object] = dict(_env.db_url_config(value))
    except (ImproperlyConfigured, ValueError) as error:  # a password in it is not repeated
        raise ImproperlyConfigured(f"{name} must be a URL like postgres://user:password@host:5432/name") from error
    if "postgresql" not in str(parsed.get("ENGINE")):
        raise ImproperlyConfigured(f"{name} must be a postgres:// URL: the shop runs on PostgreSQL only")
    return parsed


def email(name: str, default: str) -> dict[str, object]:
    """Django's EMAIL_* settings for a URL like smtp://user:password@host:25 (smtp+tls://, smtp+ssl://)."""
    value = text(name) or default
    try:
        return dict(_env.email_url_config(value))
    except (ImproperlyConfigured, ValueError) as error:  # a password in it is not repeated
        raise ImproperlyConfigured(f"{name} must be a URL like smtp+tls://user:password@host:587") from error
