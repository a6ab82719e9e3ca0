"""Discrepancies, movements and payouts as the owner sees them. The one thing to change: "dealt with"."""

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RangeDateFilter
from unfold.decorators import display

from accounts.models import User
from payments.admin import ReadOnlyAdmin
from payments.models import BalanceTransaction, Discrepancy, Payout
from payments.reconciliation import discrepancies


class OpenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("1", str(_("open"))), ("0", str(_("resolved")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
        return queryset.filter(resolved_at__isnull=self.value() == "1") if self.value() else queryset


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    """C53: both sides, what to do, and who resolved it."""

    list_display = ["kind_label", "object_id", "order_link", "ours", "theirs", "advice", "found_at", "resolved_at"]
    list_display_links = ["object_id"]
    list_select_related = ["attempt__order"]
    list_filter = [OpenFilter, ("kind", ChoicesCheckboxFilter), ("found_at", RangeDateFilter)]
    list_filter_submit = True
    search_fields = ["object_id", "attempt__public_id", "attempt__order__number__startswith"]
    fields = ["kind", "object_id", "attempt", "ours", "theirs", "advice", "found_at", "resolved_at", "resolved_by"]
    readonly_fields = fields
    actions = ["resolve"]

    @admin.action(description=_("Mark as resolved"), permissions=["resolve"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Discrepancy]) -> None:
        count = discrepancies.resolve(list(queryset.values_list("pk", flat=True)), cast(User, request.user))
        self.message_user(request, _("Resolved: %(count)d.") % {"count": count}, messages.SUCCESS)

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_discrepancy")

    @display(description=_("kind"), label="danger")
    def kind_label(self, row: Discrepancy) -> str:
        return row.get_kind_display()

    @display(description=_("what to do"))
    def advice(self, row: Discrepancy) -> str:
        return row.what_to_do

    @display(description=_("order"))
    def order_link(self, row: Discrepancy) -> str:
        if row.attempt is None or row.attempt.order is None:
            return "-"
        order = row.attempt.order
        return format_html('<a href="/admin/orders/order/{}/change/">{}</a>', order.pk, order.number)


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(ReadOnlyAdmin):
    list_display = [
        "provider_id",
        "kind",
        "attempt",
        "amount_cents",
        "fee_cents",
        "net_cents",
        "payout_id",
        "created_at",
    ]
    list_select_related = ["attempt"]
    list_filter = [("created_at", RangeDateFilter)]
    list_filter_submit = True
    search_fields = ["provider_id", "source_id", "payout_id", "attempt__public_id"]


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    list_display = ["provider_id", "amount_cents", "currency", "status", "automatic", "arrives_at", "created_at"]
    list_filter = [("created_at", RangeDateFilter)]
    list_filter_submit = True
    search_fields = ["provider_id"]
