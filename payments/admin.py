"""Payments and the webhook inbox as the owner sees them. Read-only but for "replay"."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RangeDateFilter
from unfold.decorators import display

from payments import event_words, inbox
from payments.models import LinkEvent, PaymentAttempt, PaymentEvent, WebhookEvent


class ReadOnlyAdmin(ModelAdmin):
    """Rows that services own: seen by those with the right, changed by nobody here."""

    show_full_result_count = False
    sortable_by: list[str] = []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows that services write, each with who it was."""

    extra = 0
    can_delete = False
    hide_title = True  # the theme's: the row's own name, which says no more than its columns

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The people in one query, however many rows there are."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("actor") if "actor" in (self.fields or ()) else rows

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class HistoryInline(ReadOnlyInline):
    """Who did what and when, in words."""

    fields = ["at", "what", "before", "after", "actor", "why"]
    readonly_fields = fields

    @display(description=_("what happened"))
    def what(self, event: PaymentEvent | LinkEvent) -> str:
        return event_words.kind(event.kind)

    @display(description=_("from"))
    def before(self, event: PaymentEvent | LinkEvent) -> str:
        return event_words.state(event.from_state)

    @display(description=_("to"))
    def after(self, event: PaymentEvent | LinkEvent) -> str:
        return event_words.state(event.to_state)


class PaymentEventInline(HistoryInline):
    model = PaymentEvent


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(ReadOnlyAdmin):
    list_display = [
        "public_id",
        "order",
        "state_label",
        "method",
        "amount_cents",
        "refunded_cents",
        "created_at",
        "confirmed_at",
    ]
    list_select_related = ["order"]
    list_filter = [("state", ChoicesCheckboxFilter), ("method", ChoicesCheckboxFilter), ("created_at", RangeDateFilter)]
    list_filter_submit = True
    search_fields = ["public_id", "order__number__startswith", "session_id", "intent_id", "charge_id"]
    search_help_text = _("Order number, or an id of Stripe's")
    inlines = [PaymentEventInline]
    exclude = ["url", "params_hash", "idempotency_key"]

    @display(description=_("state"), label={"confirmed": "success", "failed": "danger", "pending": "info"})
    def state_label(self, attempt: PaymentAttempt) -> tuple[str, str]:
        return attempt.state, attempt.get_state_display()


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """What Stripe sent (C21, C22): what became of it, the traceback where it failed, and a button to replay it."""

    list_display = [
        "event_id",
        "type",
        "state_label",
        "attempts",
        "object_id",
        "livemode",
        "received_at",
        "processed_at",
    ]
    list_filter = [("state", ChoicesCheckboxFilter), "livemode", ("received_at", RangeDateFilter)]
    list_filter_submit = True
    search_fields = ["event_id__startswith", "object_id__startswith", "type__startswith"]
    search_help_text = _("Beginning of the event's id, the object's id or the type")
    fields = [
        ("event_id", "type", "object_id"),
        ("state", "attempts", "next_attempt_at"),
        ("happened_at", "received_at", "processed_at"),
        ("livemode", "api_version", "correlation_id"),
        "last_error",
        "payload",
    ]
    actions = ["replay"]

    @admin.action(description=_("Replay"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Processes the chosen events again; harmless for those that had their effect (C22)."""
        count = inbox.replay(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, _("Events to be processed again: %(count)d.") % {"count": count}, messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_webhookevent")

    @display(
        description=_("state"),
        label={"processed": "success", "dead": "danger", "received": "info", "ignored": "default"},
    )
    def state_label(self, event: WebhookEvent) -> tuple[str, str]:
        return event.state, event.get_state_display()
