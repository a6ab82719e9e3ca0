"""manage.py payment_link: an address by which a customer pays a sum."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from payments import link_payments
from payments.at_stripe_links import SHORTEST
from payments.management.arguments import cents, moment


class Command(BaseCommand):
    help = 'Makes a payment link and prints its address, such as: payment_link 50.00 "Sessão de retrato"'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("amount", type=cents, help="euros, such as 50.00 or 50,00")
        parser.add_argument("description", help="what the customer pays for")
        parser.add_argument("--expires", type=moment, help="until when it can be paid, such as 2027-01-31T18:00")
        parser.add_argument("--many", action="store_true", help="may be paid many times (default: once)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["expires"] and options["expires"] - timezone.now() < SHORTEST:
            raise CommandError("--expires: a link is open for half an hour at least: please choose a later time.")
        with translation.override("en"):  # its errors too, as all that commands say
            try:
                link = link_payments.make(
                    options["amount"],
                    options["description"],
                    single_use=not options["many"],
                    expires_at=options["expires"],
                )
            except ValidationError as error:
                wrong = (f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
                raise CommandError("; ".join(wrong)) from error
        self.stdout.write(link.address)
