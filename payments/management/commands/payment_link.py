"""manage.py payment_link: an address by which a customer pays a sum."""

import datetime
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from payments import link_payments


class Command(BaseCommand):
    help = 'Makes a payment link and prints its address, such as: payment_link 50.00 "Sessão de retrato"'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("amount", help="euros, such as 50.00 or 50,00")
        parser.add_argument("description", help="what the customer pays for")
        parser.add_argument("--expires", help="until when it can be paid, such as 2027-01-31T18:00")
        parser.add_argument("--many", action="store_true", help="may be paid many times (default: once)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            link = link_payments.make(
                _cents(options["amount"]),
                options["description"],
                single_use=not options["many"],
                expires_at=_time(options["expires"]),
            )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(link.address)


def _cents(text: str) -> int:
    try:
        euros = Decimal(text.replace(",", "."))
        if euros * 100 == int(euros * 100):
            return int(euros * 100)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    raise CommandError(f"{text!r} is no sum; please write it like 50.00.")


def _time(text: str | None) -> datetime.datetime | None:
    if not text:
        return None
    moment = parse_datetime(text)
    if moment is None:
        raise CommandError(f"{text!r} is no time; please write it like 2027-01-31T18:00.")
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    if moment <= timezone.now():
        raise CommandError("That time is past.")
    return moment
