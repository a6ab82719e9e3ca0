"""Words in templates that must not be broken over two lines."""

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def unbroken(text: object, part: str) -> SafeString:
    """The text as HTML, with `part` (an order's number, say) kept on one line. For emails: the style is inline."""
    whole = str(escape(text))
    kept = str(format_html('<span style="white-space:nowrap">{}</span>', part))
    return mark_safe(whole.replace(str(escape(part)), kept) if part else whole)  # noqa: S308 - both sides are escaped
