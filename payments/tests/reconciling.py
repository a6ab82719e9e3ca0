"""Days to reconcile, and what a run left open."""

import datetime

from django.utils import timezone

from payments.models import Discrepancy
from payments.reconciliation.days import Day


def today() -> Day:
    return Day(timezone.localdate())


def long_ago() -> Day:
    """A day on which Stripe has nothing."""
    return Day(timezone.localdate() - datetime.timedelta(days=20))


def found() -> list[tuple[str, str, str, str]]:
    """Kind, object, ours and theirs of each discrepancy that is open, oldest first."""
    rows = Discrepancy.objects.filter(resolved_at=None).order_by("pk")
    return list(rows.values_list("kind", "object_id", "ours", "theirs"))
