"""What the inbox keeps of an event: everything but what is personal or secret. The object is fetched again before it
is believed, so nothing is lost (DESIGN §4)."""

from typing import Any

PERSONAL = {
    "address",
    "billing_details",
    "client_secret",
    "collected_information",
    "custom_fields",
    "customer_details",
    "customer_email",
    "description",
    "dob",
    "email",
    "evidence",
    "fingerprint",
    "ip",
    "last4",
    "name",
    "next_action",
    "payer_id",
    "payment_method_details",
    "phone",
    "receipt_email",
    "receipt_url",
    "shipping",
    "shipping_details",
    "source",
    "statement_descriptor",
    "url",
}
PERSONAL_ENDINGS = ("_email", "_name", "_phone")  # of what Stripe adds to its objects beside the fields above
METADATA_KEPT = {"order", "attempt", "refund", "method", "language", "correlation", "link", "deposit"}
REMOVED = "[removed]"
MAX_DEPTH = 12


def redact(value: Any, depth: int = 0) -> Any:
    """A copy without personal and secret fields, at any depth; odd values become text that PostgreSQL can hold."""
    if depth > MAX_DEPTH:
        return REMOVED
    if value is None or value is True or value is False:
        return value
    if isinstance(value, dict):
        return {_text(key)[:200]: _field(key, inner, depth) for key, inner in value.items()}
    if isinstance(value, list):
        return [redact(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not (abs(value) < 1e308):
        return None
    return value


def _field(key: str, value: Any, depth: int) -> Any:
    if key == "metadata" and isinstance(value, dict):
        return {name: _text(str(inner))[:200] for name, inner in value.items() if name in METADATA_KEPT}
    if value is not None and (key in PERSONAL or key.endswith(PERSONAL_ENDINGS)):
        return REMOVED
    return redact(value, depth + 1)


def _text(value: str) -> str:
    """PostgreSQL's JSON holds neither NUL nor half a surrogate pair."""
    if value.isascii() and "\x00" not in value:
        return value
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode()
