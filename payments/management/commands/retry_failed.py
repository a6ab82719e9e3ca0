"""manage.py retry_failed: everything that gave up goes back to work."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from outbox import services as outbox
from outbox.models import OutboxMessage
from payments import inbox
from payments.models import WebhookEvent


class Command(BaseCommand):
    help = "Tries again what gave up: outbox messages and webhook events. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--task", default="", help="only messages of this task, such as orders.store_photos")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be tried again")

    def handle(self, *args: Any, **options: Any) -> None:
        messages = OutboxMessage.objects.filter(state=OutboxMessage.State.FAILED)
        if options["task"]:
            messages = messages.filter(task=options["task"])
        dead = WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD)
        events = [] if options["task"] else list(dead.values_list("pk", flat=True))
        count = 0
        for message in messages.iterator():
            self.stdout.write(f"{message.task} {message.key}")
            if not options["dry_run"]:
                outbox.retry(message)
            count += 1
        if not options["dry_run"]:
            inbox.replay(events)
        self.stdout.write(f"Tasks: {count}, webhook events: {len(events)}.")
