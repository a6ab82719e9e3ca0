"""The signature on Stripe's webhooks: HMAC-SHA256 over "timestamp.body", checked on the raw bytes.

Stricter than the SDK's own check, which accepts a timestamp in the future (C13) and stumbles over odd bytes (C14).
"""

import hmac
import time
from collections.abc import Sequence

TOLERANCE_SECONDS = 300
MAX_HEADER_CHARACTERS = 2000


class BadSignature(Exception):
    """Not signed by Stripe with one of our secrets, or not within the tolerance. `reason` is for metrics."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def verify(body: bytes, header: str, secrets: Sequence[str], *, now: float | None = None) -> None:
    """Raises BadSignature unless one of the header's v1 signatures fits one of the secrets (C12, C13, C15, C16)."""
    if not secrets:
        raise BadSignature("no_secret")
    timestamp, signatures = _parsed(header)
    signed = str(timestamp).encode() + b"." + body
    expected = [hmac.digest(secret.encode(), signed, "sha256").hex().encode() for secret in secrets]
    # Every pair is compared, in constant time each: how long it takes tells nothing about the secrets.
    fits = [hmac.compare_digest(one, given) for one in expected for given in signatures]
    if not any(fits):
        raise BadSignature("mismatch")
    if abs((time.time() if now is None else now) - timestamp) > TOLERANCE_SECONDS:
        raise BadSignature("timestamp")


def _parsed(header: str) -> tuple[int, list[bytes]]:
    """Timestamp and v1 signatures of `t=…,v1=…,v1=…`; other schemes are passed over."""
    if not header or len(header) > MAX_HEADER_CHARACTERS:
        raise BadSignature("header")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    timestamps = [value for name, _sign, value in pairs if name == "t"]
    signatures = [value.encode("utf-8", "replace") for name, _sign, value in pairs if name == "v1" and value]
    if len(timestamps) != 1 or not signatures or not _number(timestamps[0]):
        raise BadSignature("header")
    return int(timestamps[0]), signatures


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
