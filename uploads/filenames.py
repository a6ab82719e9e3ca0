"""File names as customers' devices give them (U10): for showing. orders.storage_keys makes the stored ones."""

import unicodedata

MOST_CHARACTERS = 300
TURNERS = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # characters that turn the text around them


def display_name(raw: str) -> str:
    """The name for showing: as given, but for characters that cannot be shown (controls, unpaired surrogates) and
    those that turn the text around them; at most 300, the extension kept. Never used as a path."""
    text = raw.encode("utf-8", "replace").decode()
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Co") and c not in TURNERS)
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > MOST_CHARACTERS:
        stem, dot, extension = text.rpartition(".")
        keep = f"…{dot}{extension}" if dot and len(extension) <= 10 else "…"
        text = (stem if dot else text)[: MOST_CHARACTERS - len(keep)] + keep
    return text or "photo"
