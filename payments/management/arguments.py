"""What the commands of this app are told on their command line, read with an error in words instead of a traceback."""

import datetime
from argparse import ArgumentTypeError
from decimal import Decimal, InvalidOperation

from django.utils import timezone
from django.utils.dateparse import parse_datetime

LEAST_EUROS, MOST_EUROS = Decimal("0.50"), Decimal("999999.99")  # what Stripe takes in one payment


def day(text: str) -> datetime.date:
    """A day that has begun, in the shop's time zone."""
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date; please write it like 2027-01-31.") from error
    if date > timezone.localdate():
        raise ArgumentTypeError(f"{text} has not begun yet.")
    return date


def moment(text: str) -> datetime.datetime:
    """A time; without a zone it is the shop's."""
    try:
        found = parse_datetime(text)
    except ValueError:  # well formed, but no such day or hour
        found = None
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no time; please write it like 2027-01-31T18:00.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def cents(text: str) -> int:
    """Euros like 50.00 or 50,00, as cents."""
    try:
        euros = Decimal(text.replace(",", "."))
        if euros != round(euros, 2):
            raise InvalidOperation
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"{text!r} is no sum; please write it like 50.00.") from error
    if not LEAST_EUROS <= euros <= MOST_EUROS:
        raise ArgumentTypeError(f"{text} cannot be paid; a sum is from {LEAST_EUROS} to {MOST_EUROS} euros.")
    return int(euros * 100)


def days(text: str) -> int:
    """A number of days, at least 1."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 36_500:
        raise ArgumentTypeError(f"{text!r} is no number of days; please give 1 or more.")
    return int(text)
