"""Tasks as the owner sees them: what is waiting, what gave up and why, with a button to try again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesCheckboxFilter
from unfold.decorators import display

from outbox import services
from outbox.models import OutboxMessage

State = OutboxMessage.State


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ModelAdmin):
    """Read-only but for "retry", which is outbox.services.retry."""

    list_display = ["key", "task", "queue", "state_label", "attempts", "created_at", "done_at"]
    list_filter = [("state", ChoicesCheckboxFilter), "queue"]
    list_filter_submit = True
    search_fields = ["key__startswith"]
    search_help_text = _("Beginning of the key, e.g. store:PO-…")
    ordering = ["-pk"]
    sortable_by: list[str] = []
    show_full_result_count = False
    actions = ["retry"]

    @display(description=_("state"), label={State.PENDING: "info", State.DONE: "success", State.FAILED: "danger"})
    def state_label(self, message: OutboxMessage) -> tuple[str, str]:
        return message.state, message.get_state_display()

    @admin.action(description=_("Retry"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        failed = list(queryset.filter(state=State.FAILED))
        for message in failed:
            services.retry(message)
        self.message_user(request, _("Tasks at work again: %(count)d.") % {"count": len(failed)}, messages.SUCCESS)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.change_outboxmessage")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutboxMessage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxMessage | None = None) -> bool:
        return False
