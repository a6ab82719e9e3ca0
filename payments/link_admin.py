"""Payment links in the admin: made and closed here; what was paid by them stands beside the orders, with its refund."""

import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RangeDateFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from accounts.models import User
from orders.problems import Problem
from payments import link_closing, link_payments, link_refunds
from payments.admin import HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from payments.at_stripe_links import SHORTEST
from payments.link_looks import LookFilter
from payments.models import LinkDispute, LinkEvent, LinkPayment, LinkRefund, PaymentLink
from payments.refund_form import RefundForm


class PaymentLinkForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """The sum in euros, as people write it."""

    euros = forms.DecimalField(
        label=_("amount (€)"), min_value=0.5, max_value=999_999, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget
    )

    class Meta:
        model = PaymentLink
        fields = ["description", "single_use", "expires_at"]

    def clean_expires_at(self) -> datetime.datetime | None:
        expires_at: datetime.datetime | None = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at - timezone.now() < SHORTEST:
            raise forms.ValidationError(_("A link is open for half an hour at least: please choose a later time."))
        return expires_at


class LinkEventInline(HistoryInline):
    model = LinkEvent


class OwnEventInline(LinkEventInline):
    """Of the link itself; what happened to a payment stands on the payment's page, with its money."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[LinkEvent]:
        events: QuerySet[LinkEvent] = super().get_queryset(request)
        return events.filter(payment=None)


@admin.register(PaymentLink)
class PaymentLinkAdmin(ModelAdmin):
    """Once made, a link cannot be changed, only closed: somebody may have its address already."""

    form = PaymentLinkForm
    list_display = ["description", "amount", "address", "single_use", "expires_at", "closed_at", "created_at"]
    list_filter = ["single_use", ("created_at", RangeDateFilter)]
    list_filter_submit = True
    search_fields = ["description", "token"]
    actions = ["close"]

    def get_inlines(self, request: HttpRequest, obj: PaymentLink | None) -> list[type[OwnEventInline]]:
        return [OwnEventInline] if obj is not None else []

    def get_fields(self, request: HttpRequest, obj: PaymentLink | None = None) -> list[str]:
        if obj is None:
            return ["euros", "description", "single_use", "expires_at"]
        return ["description", "amount", "address", "single_use", "expires_at", "closed_at", "created_by", "created_at"]

    def has_change_permission(self, request: HttpRequest, obj: PaymentLink | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PaymentLink | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PaymentLink, form: Any, change: bool) -> None:
        obj.amount_cents = int(form.cleaned_data["euros"] * 100)
        link_payments.add(obj, actor=cast(User, request.user))
        self.message_user(request, obj.address, messages.SUCCESS)

    @admin.action(description=_("Close"), permissions=["add"])
    def close(self, request: HttpRequest, queryset: QuerySet[PaymentLink]) -> None:
        count = sum(link_closing.close(link.pk, actor=cast(User, request.user)) for link in queryset)
        self.message_user(request, _("Links closed: %(count)d.") % {"count": count}, messages.SUCCESS)

    @display(description=_("amount"))
    def amount(self, link: PaymentLink) -> str:
        return f"{link.amount_cents / 100:.2f} {link.currency}"

    @display(description=_("address"))
    def address(self, link: PaymentLink) -> str:
        return link.address


class LinkRefundInline(ReadOnlyInline):
    model = LinkRefund
    fields = ["created_at", "amount_cents", "state", "reason", "actor", "failure_code"]
    readonly_fields = fields


class LinkDisputeInline(ReadOnlyInline):
    model = LinkDispute
    fields = ["created_at", "amount_cents", "status", "reason", "provider_id"]
    readonly_fields = fields


@admin.register(LinkPayment)
class LinkPaymentAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "link", "state_label", "received_cents", "refunded_cents", "dispute", "confirmed_at"]
    list_select_related = ["link"]
    list_filter = [LookFilter, ("state", ChoicesCheckboxFilter), ("created_at", RangeDateFilter)]
    list_filter_submit = True
    search_fields = ["public_id", "link__description", "session_id", "intent_id"]
    exclude = ["url", "idempotency_key", "visitor"]
    actions = ["refund"]
    inlines = [LinkRefundInline, LinkDisputeInline, LinkEventInline]
    change_form_outer_after_template = "payments/link_refund.html"

    def get_urls(self) -> list[Any]:
        name = "payments_linkpayment_refund"
        mine = path("<int:payment_id>/refund/", self.admin_site.admin_view(self.refund_part), name=name)
        return [mine, *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        may = self.has_refund_permission(request)
        context = (extra_context or {}) | {"refund_form": RefundForm() if may else None}
        return super().changeform_view(request, object_id, form_url, context)

    def refund_part(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """The sum typed goes back; never more than is left. The reason and who it was are kept (O5, O6)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_refund_permission(request):
            raise PermissionDenied
        payment = get_object_or_404(LinkPayment, pk=payment_id)
        form = RefundForm(request.POST)
        if not form.is_valid():
            said = " ".join(str(error) for errors in form.errors.values() for error in errors)
            self.message_user(request, said, messages.ERROR)
            return redirect("admin:payments_linkpayment_change", payment.pk)
        given = form.cleaned_data
        try:
            link_refunds.refund(
                payment.pk, form.cents, reason=given["reason"], actor=cast(User, request.user), key=str(given["key"])
            )
        except Problem as problem:
            self.message_user(request, str(problem.detail), messages.ERROR)
        else:
            self.message_user(request, _("The refund is on its way."), messages.SUCCESS)
        return redirect("admin:payments_linkpayment_change", payment.pk)

    @admin.action(description=_("Refund"), permissions=["refund"])
    def refund(self, request: HttpRequest, queryset: QuerySet[LinkPayment]) -> None:
        for payment in queryset:
            try:
                link_refunds.refund(payment.pk, reason=str(_("all that was left")), actor=cast(User, request.user))
            except Problem as problem:
                self.message_user(request, f"{payment}: {problem.detail}", messages.ERROR)
            else:
                self.message_user(request, _("The refund is on its way."), messages.SUCCESS)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.refund_order")

    @display(description=_("state"), label={"confirmed": "success", "failed": "danger", "pending": "info"})
    def state_label(self, payment: LinkPayment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()
