"""The desk: the admin's first page, what to do next and the numbers at a glance (O1, O9)."""

import datetime
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest
from django.utils import timezone

from backoffice import alarms, money, todo
from backoffice.order_filters import ids_once
from orders.models import Order

DAYS = 30


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds the desk's figures to the index page's context. Called by django-unfold."""
    if not request.user.has_perm("orders.view_order"):
        return context
    found = todo.counts(ids_once(request))
    context["todos"] = [
        {"kind": kind.value, "look": todo.LOOKS[kind], "count": count, "more": count >= todo.COUNT_CAP}
        for kind, count in found.items()
    ]
    context["figures"] = _figures(may_see_money=money.may_see(request))
    context["days"] = DAYS
    context["alarms"] = alarms.found(request)
    return context


def _figures(*, may_see_money: bool) -> dict[str, Any]:
    """Orders, prints and sales of the last DAYS days, by when they were paid."""
    since = timezone.now() - datetime.timedelta(days=DAYS)
    paid = Order.objects.filter(paid_at__gte=since, created_at__gte=since - datetime.timedelta(days=DAYS)).exclude(
        state=Order.State.CANCELLED
    )
    sums = paid.aggregate(orders=Count("pk"), prints=Sum("prints"), total_cents=Sum("total_cents"))
    figures = {"orders": sums["orders"], "prints": sums["prints"] or 0}
    if may_see_money:
        figures["sales"] = money.amount(sums["total_cents"] or 0)
    return figures
