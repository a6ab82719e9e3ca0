"""What the desk warns of besides orders: each kind with its count and the list that shows just these rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from backoffice.todo import COUNT_CAP
from outbox.models import OutboxMessage
from payments import link_looks
from payments.models import Discrepancy, WebhookEvent


@dataclass(frozen=True)
class Alarm:
    """`model` and `query` name the list in the admin; whoever may not see the model is not warned."""

    title: StrPromise | str
    advice: StrPromise | str
    model: str
    query: str
    rows: Callable[[], QuerySet[Any]]

    def may_see(self, request: HttpRequest) -> bool:
        app, _dot, model = self.model.partition(".")
        return request.user.has_perm(f"{app}.view_{model}")

    def shown(self) -> dict[str, Any]:
        """As the template takes it; counted up to COUNT_CAP."""
        count = self.rows()[:COUNT_CAP].count()
        address = reverse(f"admin:{self.model.replace('.', '_')}_changelist")
        more = count >= COUNT_CAP
        return {"alarm": self, "count": count, "more": more, "address": f"{address}?{self.query}"}


ALARMS = (
    Alarm(
        _("Tasks that gave up"),
        _("Mails, refunds, photos, whatever they are about: see why and press retry."),
        "outbox.outboxmessage",
        "state__exact=failed",
        lambda: OutboxMessage.objects.filter(state=OutboxMessage.State.FAILED),
    ),
    Alarm(
        _("Webhooks that gave up"),
        _("Payments may be waiting behind them: look and replay."),
        "payments.webhookevent",
        "state__exact=dead",
        lambda: WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD),
    ),
    Alarm(
        _("Paid by link, to look at"),
        _("Another sum, an open dispute, or a refund that failed."),
        "payments.linkpayment",
        "look=1",
        link_looks.to_look_at,
    ),
    Alarm(
        _("Differences with Stripe"),
        _("Both sides and what to do stand in the list."),
        "payments.discrepancy",
        "open=1",
        lambda: Discrepancy.objects.filter(resolved_at=None),
    ),
)


def found(request: HttpRequest) -> list[dict[str, Any]]:
    """The alarms that there is something behind: one query a kind, however many rows there are."""
    shown = [alarm.shown() for alarm in ALARMS if alarm.may_see(request)]
    return [alarm for alarm in shown if alarm["count"]]
