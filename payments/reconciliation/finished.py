"""Which days have been compared already, step by step, so that a day on which the shop was off, or Stripe away, is made
up for."""

import datetime
from collections.abc import Collection

from django.utils import timezone

from payments.models import LinkPayment, PaymentAttempt
from payments.models.books import ReconciledStep
from payments.reconciliation.days import Day, yesterday

DAYS = 30  # how far back days are made up for; older ones by hand, with --date


def note(day: Day, step: str) -> None:
    """The step has compared the day. A day that is not over yet is never finished: its rest will come."""
    if day.end <= timezone.now():
        ReconciledStep.objects.get_or_create(date=day.date, step=step)


def missing(steps: Collection[str]) -> list[tuple[Day, list[str]]]:
    """The days up to yesterday that some of the steps have not compared, oldest first, each with these steps."""
    last = yesterday().date
    first = max(min(_first_payment() or last, last), last - datetime.timedelta(days=DAYS - 1))
    done = set(ReconciledStep.objects.filter(date__gte=first).values_list("date", "step"))
    days = [first + datetime.timedelta(days=number) for number in range((last - first).days + 1)]
    waiting = [(Day(date), [step for step in steps if (date, step) not in done]) for date in days]
    return [(day, left) for day, left in waiting if left]


def _first_payment() -> datetime.date | None:
    orders = PaymentAttempt.objects.exclude(method=PaymentAttempt.Method.DEMO).order_by("pk")
    firsts = [
        rows.values_list("created_at", flat=True).first() for rows in (orders, LinkPayment.objects.order_by("pk"))
    ]
    return min((timezone.localdate(at) for at in firsts if at), default=None)
