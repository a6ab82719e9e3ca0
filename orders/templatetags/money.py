"""Money and sizes in templates: integer cents, written as the reader's language writes euros; sizes that stay in one line."""

import re

from django import template
from django.utils import translation

register = template.Library()


@register.filter
def euros(cents: int | None) -> str:
    """1250 → "12,50 €" in Portuguese, "€12.50" in English, spaced as the browser's Intl does it."""
    if cents is None:
        return ""
    english = (translation.get_language() or "").startswith("en")
    whole, rest = divmod(abs(int(cents)), 100)
    sign = "-" if cents < 0 else ""
    if english:
        return f"{sign}€{whole:,}.{rest:02}"
    grouped = f"{whole:,}".replace(",", "\u00a0") if whole >= 10_000 else str(whole)
    return f"{sign}{grouped},{rest:02}\u00a0€"


@register.filter
def whole_size(name: str) -> str:
    """A product's name whose size no line break can part: "Retrato 20 × 25 cm" breaks after "Retrato" alone."""
    return re.sub(r"(?<=\d) (?=[x×]|[cm]?m\b)|(?<=[x×]) (?=\d)", "\u00a0", name)
