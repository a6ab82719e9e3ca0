"""The Message-ID of a mail that may be sent twice: a reader shows both as one (C46)."""

from urllib.parse import quote

from django.conf import settings


def of(key: str) -> str:
    """The same for the same key, as in <PO-7K2M-4TXW.shipped@example.test>."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    return f"<{quote(key, safe='').replace('%', '-')}@{domain}>"
