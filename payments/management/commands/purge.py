"""manage.py purge: forgets finished work and deletes photos past their retention, as beat does daily."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders import photo_retention
from outbox import services as outbox
from payments import inbox
from payments.management.arguments import days
from uploads.storage import StorageError


class Command(BaseCommand):
    help = (
        "Deletes rows of finished background work and processed webhook events past their retention (OUTBOX_KEEP_DAYS, "
        "WEBHOOK_EVENTS_KEEP_DAYS), and the photos of orders that were delivered, cancelled or refunded PHOTOS_KEEP_DAYS "
        "ago. What waits or gave up, orders and payments are kept. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--outbox-days", type=days, default=settings.OUTBOX_KEEP_DAYS, help="instead of the setting"
        )
        parser.add_argument(
            "--events-days", type=days, default=settings.WEBHOOK_EVENTS_KEEP_DAYS, help="instead of the setting"
        )
        parser.add_argument(
            "--photos-days", type=days, default=settings.PHOTOS_KEEP_DAYS, help="instead of the setting"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["dry_run"]:
                self._say(options["outbox_days"], options["events_days"], options["photos_days"])
            else:
                self._delete(options["outbox_days"], options["events_days"], options["photos_days"])
        except StorageError as error:
            raise CommandError(f"S3 did not let the photos be deleted, run it again later: {error}") from error

    def _say(self, outbox_days: int, events_days: int, photos_days: int) -> None:
        orders = 0
        for order in photo_retention.due(photos_days):
            self.stdout.write(f"{order.number}: {len(photo_retention.files(order))} files")
            orders += 1
        messages, events = outbox.finished(outbox_days).count(), inbox.done(events_days).count()
        self.stdout.write(
            f"Would delete: {messages} messages of finished work, {events} webhook events, photos of {orders} orders."
        )

    def _delete(self, outbox_days: int, events_days: int, photos_days: int) -> None:
        messages = outbox.purge(outbox_days)
        events = inbox.purge(events_days)
        orders = photo_retention.purge(photos_days)
        self.stdout.write(
            f"Deleted: {messages} messages of finished work, {events} webhook events, photos of {orders} orders."
        )
