"""manage.py reconcile: a day's payments compared with Stripe's."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.gateway import GatewayError
from payments.management.arguments import day
from payments.models import Discrepancy
from payments.reconciliation.days import Day, yesterday
from payments.reconciliation.run import reconcile


class Command(BaseCommand):
    help = (
        "Compares a day's payments, refunds, disputes, fees and payouts with Stripe's, books what a missed webhook left, "
        "and lists what differs. Safe to repeat. Ends with 1 when something differs or Stripe does not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", type=day, help="the day, such as 2027-01-31; yesterday when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = Day(options["date"]) if options["date"] else yesterday()
        self.stdout.write(f"Day: {chosen.date}")
        try:
            result = reconcile(chosen, lambda step, count: self.stdout.write(f"{step}: {count}"))
        except GatewayError as error:
            raise CommandError(f"Stripe did not answer as hoped ({error}); please run this again later.") from error
        for row in Discrepancy.objects.filter(resolved_at=None).order_by("pk").iterator():
            self.stdout.write(f"{row.kind} {row.object_id}: shop {row.ours or '-'} | Stripe {row.theirs or '-'}")
        if result.open:
            raise CommandError(f"Open discrepancies: {result.open}. The admin says what to do.")
        self.stdout.write("The books agree.")
