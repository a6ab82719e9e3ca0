"""manage.py replay_webhooks: events processed again, or fetched from Stripe after an outage."""

import datetime
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payments import inbox, replaying
from payments.gateway import GatewayError
from payments.management.arguments import moment


class Command(BaseCommand):
    help = (
        "Processes webhook events again: by id (evt_…), by the time they arrived, or those that Stripe lists as not "
        "delivered. Replaying is harmless: each event only makes the shop look at the payment again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event", nargs="*", help="ids of events (evt_…)")
        parser.add_argument("--since", type=moment, help="from this time on, such as 2027-01-31T08:00")
        parser.add_argument("--until", type=moment, help="up to this time")
        parser.add_argument(
            "--undelivered", action="store_true", help="what Stripe could not deliver (default: 30 days)"
        )
        parser.add_argument("--now", action="store_true", help="process here and now instead of in a worker")

    def handle(self, *args: Any, **options: Any) -> None:
        start, end = options["since"], options["until"]
        if not (options["event"] or start or options["undelivered"]):
            raise CommandError("Please name events, or give --since or --undelivered.")
        if start and end and end <= start:
            raise CommandError("--until must be later than --since.")
        try:
            count = self._replay(options, start, end)
        except GatewayError as error:
            if error.status == 404:
                raise CommandError("Stripe knows no such event; it forgets them after 30 days.") from error
            raise CommandError(
                f"Stripe did not answer as hoped ({error}); nothing is lost, please try again."
            ) from error
        self.stdout.write(f"Events put to work: {count}.")
        if options["now"]:
            self.stdout.write(f"Processed: {inbox.drain(limit=100_000)}.")

    def _replay(self, options: dict[str, Any], start: datetime.datetime | None, end: datetime.datetime | None) -> int:
        if options["undelivered"]:
            found = replaying.undelivered(start or timezone.now() - replaying.STRIPE_KEEPS)
        elif options["event"]:
            found = replaying.by_id(options["event"])
        else:
            return replaying.since(start or timezone.now(), end)
        count = 0
        for event_id, outcome in found:
            self.stdout.write(f"{event_id} {outcome}")
            count += outcome != "known"
        return count
