"""manage.py purge: forgets finished work past its retention, as beat does daily."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from outbox import services as outbox
from payments import inbox
from payments.management.arguments import days


class Command(BaseCommand):
    help = (
        "Deletes rows of finished background work and processed webhook events past their retention (OUTBOX_KEEP_DAYS, "
        "WEBHOOK_EVENTS_KEEP_DAYS). What waits or gave up, orders and payments are kept. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--outbox-days", type=days, default=settings.OUTBOX_KEEP_DAYS, help="instead of the setting"
        )
        parser.add_argument(
            "--events-days", type=days, default=settings.WEBHOOK_EVENTS_KEEP_DAYS, help="instead of the setting"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        messages = outbox.purge(options["outbox_days"])
        events = inbox.purge(options["events_days"])
        self.stdout.write(f"Deleted: {messages} messages of finished work, {events} webhook events.")
