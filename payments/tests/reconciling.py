"""Days to reconcile, what Stripe comes to know later, and what a run left open."""

import datetime
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from payments.models import Discrepancy
from payments.reconciliation.days import Day
from payments.tests.stand_in import StandIn


def today() -> Day:
    return Day(timezone.localdate())


def long_ago() -> Day:
    """A day on which Stripe has nothing."""
    return Day(timezone.localdate() - datetime.timedelta(days=20))


def movement_arrives(stripe_api: StandIn, wait_until: Callable[..., Any]) -> None:
    """The first charge gets the movement that `balance_delay` held back: at the next tick of the stand-in's clock."""
    stripe_api.behave()
    wait_until(lambda: stripe_api.objects("charge")[0]["balance_transaction"], what="the charge's movement at Stripe")


def found() -> list[tuple[str, str, str, str]]:
    """Kind, object, ours and theirs of each discrepancy that is open, oldest first."""
    rows = Discrepancy.objects.filter(resolved_at=None).order_by("pk")
    return list(rows.values_list("kind", "object_id", "ours", "theirs"))
