"""Words and numbers in templates as people read them: days, phone numbers, what stays on one line."""

import datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from addresses import portugal

register = template.Library()


@register.filter
def unbroken(text: object, part: str) -> SafeString:
    """The text as HTML, with `part` (an order's number, say) kept on one line. For emails: the style is inline."""
    whole = str(escape(text))
    kept = str(format_html('<span style="white-space:nowrap">{}</span>', part))
    return mark_safe(whole.replace(str(escape(part)), kept) if part else whole)  # noqa: S308 - both sides are escaped


@register.filter
def up_to(first: datetime.date, last: datetime.date) -> str:
    """The first of two days as it is said before the last: "25" where that is 30 November of the same year."""
    same_month = (first.year, first.month) == (last.year, last.month)
    return date_format(first, "j" if same_month else "MONTH_DAY_FORMAT")


@register.filter
def phone(number: str) -> str:
    """A phone number in groups."""
    return portugal.spaced_phone(number)
