"""The admin's menu, by what the person may do. Called by django-unfold."""

import dataclasses
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


@dataclasses.dataclass(frozen=True)
class Entry:
    """A page of the admin: a model's list ("orders.order"), or the first page."""

    title: StrOrPromise
    icon: str
    model: str = ""

    def visible(self, request: HttpRequest) -> bool:
        app, _dot, model = self.model.partition(".")
        return not self.model or request.user.has_perm(f"{app}.view_{model}")

    def item(self) -> dict[str, Any]:
        """As django-unfold takes it."""
        name = f"admin:{self.model.replace('.', '_')}_changelist" if self.model else "admin:index"
        return {"title": self.title, "icon": self.icon, "link": reverse(name)}


MENU: tuple[tuple[StrOrPromise, tuple[Entry, ...]], ...] = (
    (
        _("Work"),
        (
            Entry(_("Desk"), "home"),
            Entry(_("Orders"), "photo_library", "orders.order"),
            Entry(_("Payments"), "payments", "payments.paymentattempt"),
            Entry(_("Payment links"), "link", "payments.paymentlink"),
            Entry(_("Paid by link"), "receipt", "payments.linkpayment"),
            Entry(_("Differences with Stripe"), "balance", "payments.discrepancy"),
        ),
    ),
    (
        _("Shop"),
        (
            Entry(_("Products and prices"), "crop_portrait", "orders.product"),
            Entry(_("Finishes"), "texture", "orders.finish"),
            Entry(_("Shipping"), "local_shipping", "orders.shippingzone"),
            Entry(_("Studio and rules"), "storefront", "orders.shopsettings"),
            Entry(_("Coupon codes"), "sell", "orders.coupon"),
            Entry(_("Legal texts"), "gavel", "orders.legaldocument"),
            Entry(_("People"), "group", "accounts.user"),
            Entry(_("Roles"), "shield_person", "auth.group"),
        ),
    ),
    (
        _("Machine room"),
        (
            Entry(_("Tasks"), "task_alt", "outbox.outboxmessage"),
            Entry(_("Webhook inbox"), "webhook", "payments.webhookevent"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu: groups whose every entry the person may not see are left out."""
    groups = [(title, [entry.item() for entry in entries if entry.visible(request)]) for title, entries in MENU]
    return [{"title": title, "separator": True, "items": items} for title, items in groups if items]
