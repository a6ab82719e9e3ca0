"""Orders in the admin: a list that says what to do next, and one page an order. Changed by orders.services alone."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import BooleanField, Case, Prefetch, QuerySet, Value, When
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RangeDateFilter
from unfold.decorators import display

from backoffice import email_preview, money, order_files, order_views, payment_views, print_zip, search, todo
from backoffice.order_filters import TodoFilter, ids_once
from backoffice.order_steps import STEPS
from backoffice.paginator import CappedPaginator
from backoffice.people import actor_of
from orders.models import Order, OrderPhoto
from orders.services import InvalidTransition

THUMBNAILS = 3  # shown of each order in the list
STATE_LABELS = {
    Order.State.PENDING: "default",
    Order.State.PAID: "primary",
    Order.State.NEEDS_PHOTOS: "warning",
    Order.State.IN_PRODUCTION: "info",
    Order.State.READY: "info",
    Order.State.SHIPPED: "success",
    Order.State.DELIVERED: "success",
    Order.State.EXPIRED: "default",
    Order.State.CANCELLED: "danger",
}
PAYMENT_LABELS = {
    Order.PaymentState.UNPAID: "default",
    Order.PaymentState.AWAITING: "info",
    Order.PaymentState.PAID: "success",
    Order.PaymentState.PARTLY_REFUNDED: "warning",
    Order.PaymentState.REFUNDED: "warning",
    Order.PaymentState.DISPUTED: "danger",
    Order.PaymentState.REVIEW: "danger",
}


@admin.register(Order)
class OrderAdmin(ModelAdmin):
    """List and page of orders. A constant number of queries, no count of the whole table (admin_orders_1m)."""

    list_display = [
        "thumbnails",
        "number",
        "state_label",
        "payment_label",
        "next_step",
        "who",
        "total",
        "prints",
        "method",
        "created_at",
    ]
    list_display_links = ["number"]
    list_filter = [
        TodoFilter,
        ("state", ChoicesCheckboxFilter),
        ("payment_state", ChoicesCheckboxFilter),
        ("method", ChoicesCheckboxFilter),
        ("created_at", RangeDateFilter),
    ]
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 25
    list_max_show_all = 0
    list_before_template = "backoffice/todo_tabs.html"
    list_disable_select_all = True
    search_fields = ["number"]  # switches the search box on; get_search_results does the finding
    search_help_text = _("Number, email, name or phone")
    sortable_by = ["created_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ["download_prints", "start_production", "mark_ready", "mark_delivered"]
    change_form_template = "backoffice/order_page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        ids = ids_once(request)
        named = {
            name: Case(When(pk__in=pks, then=Value(True)), default=Value(False), output_field=BooleanField())
            for name, pks in (("task_failed", ids.failed), ("money_kept", ids.kept))
        }
        marked: QuerySet[Order] = super().get_queryset(request).annotate(**named)
        return marked

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=search.order_ids(search_term)), False

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return [name for name in super().get_list_display(request) if name != "total" or money.may_see(request)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        found = todo.counts(ids_once(request))
        tabs = [
            {"kind": kind.value, "look": todo.LOOKS[kind], "count": count, "more": count >= todo.COUNT_CAP}
            for kind, count in found.items()
        ]
        context = {**(extra_context or {}), "todos": tabs, "todo_now": request.GET.get("todo", "")}
        page: HttpResponseBase = super().changelist_view(request, context)
        return page

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        first = Prefetch(
            "photos", OrderPhoto.objects.filter(seq__lte=THUMBNAILS).order_by("seq"), to_attr="first_photos"
        )
        changelist.queryset = changelist.queryset.prefetch_related(first)
        changelist.result_list = changelist.result_list.prefetch_related(first)
        return changelist

    @admin.display(description=_("photos"))
    def thumbnails(self, order: Order) -> SafeString:
        photos = [photo for photo in getattr(order, "first_photos", []) if photo.thumbnail_key]
        pictures = format_html_join(
            "",
            '<img src="{}" alt="" width="44" height="44" loading="lazy">',
            (
                (f"{reverse('admin:orders_order_thumbnail', args=[order.pk, photo.seq])}?v={photo.sha256[:8]}",)
                for photo in photos
            ),
        )
        return format_html('<span class="bo-thumbs">{}</span>', pictures)

    @display(description=_("state"), label=STATE_LABELS)
    def state_label(self, order: Order) -> tuple[str, str]:
        return order.state, order.get_state_display()

    @display(description=_("payment"), label=PAYMENT_LABELS)
    def payment_label(self, order: Order) -> tuple[str, str]:
        return order.payment_state, order.get_payment_state_display()

    @display(description=_("next"), label={kind: look.variant for kind, look in todo.LOOKS.items()})
    def next_step(self, order: Order) -> tuple[str, str] | str:
        failed, kept = ([order.pk] if getattr(order, name, False) else [] for name in ("task_failed", "money_kept"))
        kind = todo.next_step(order, failed, kept)
        return (kind, str(todo.LOOKS[kind].title)) if kind else ""

    @admin.display(description=_("customer"))
    def who(self, order: Order) -> str:
        return order.name or "–"

    @admin.display(description=_("total"))
    def total(self, order: Order) -> str:
        return money.amount(order.total_cents, order.currency)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """No field is edited by hand: the page is read, and changed by its steps (has_step_permission)."""
        return False

    def has_step_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_order")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return order_views.page(self, request, object_id)

    def get_urls(self) -> list[URLPattern]:
        def staff_only(view: Any) -> Any:
            return self.admin_site.admin_view(order_views.for_order_viewers(view))

        extra = [
            path(
                "<int:object_id>/thumbnails/<int:seq>/",
                staff_only(order_files.thumbnail),
                name="orders_order_thumbnail",
            ),
            path(
                "<int:object_id>/originals/<int:seq>/", staff_only(order_files.original), name="orders_order_original"
            ),
            path(
                "<int:object_id>/prints/<int:item_id>/", staff_only(order_files.print_file), name="orders_order_print"
            ),
            path(
                "<int:object_id>/photos/<int:seq>/ask/",
                staff_only(order_views.ask_for_photo),
                name="orders_order_ask_photo",
            ),
            path("<int:object_id>/prints.zip", staff_only(order_views.prints_zip), name="orders_order_zip"),
            path("<int:object_id>/steps/<slug:name>/", staff_only(order_views.take_step), name="orders_order_step"),
            path(
                "<int:object_id>/tasks/<int:task_id>/retry/",
                staff_only(order_views.retry_task),
                name="orders_order_retry",
            ),
            path("<int:object_id>/emails/<slug:kind>/", staff_only(email_preview.page), name="orders_order_email"),
        ]
        extra += [
            path(
                "<int:object_id>/payments/<int:attempt_id>/accept/",
                staff_only(payment_views.accept),
                name="orders_order_accept",
            ),
            path(
                "<int:object_id>/payments/<int:attempt_id>/refund/",
                staff_only(payment_views.refund),
                name="orders_order_refund",
            ),
        ]
        return [*extra, *super().get_urls()]

    @admin.action(description=_("Download print files (ZIP)"), permissions=["view"])
    def download_prints(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponseBase | None:
        items = print_zip.printable(orders)
        if not items:
            self.message_user(request, _("None of these orders has print files yet."), messages.WARNING)
            return None
        return order_files.attachment(print_zip.stream(items), print_zip.zip_name(items), kind="application/zip")

    @admin.action(description=_("Start production"), permissions=["step"])
    def start_production(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._take(request, orders, "start-production")

    @admin.action(description=_("Prints are ready"), permissions=["step"])
    def mark_ready(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._take(request, orders, "ready")

    @admin.action(description=_("Delivered or picked up"), permissions=["step"])
    def mark_delivered(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._take(request, orders, "delivered")

    def _take(self, request: HttpRequest, orders: QuerySet[Order], name: str) -> None:
        """Takes the step with each order; the message says how many went on and names those that could not."""
        done, refused = 0, []
        for order in orders:
            try:
                STEPS[name].take(order, actor_of(request))
                done += 1
            except InvalidTransition:
                refused.append(f"{order.number} ({order.get_state_display()})")
        if done:
            self.message_user(request, _("Orders moved on: %(count)d.") % {"count": done}, messages.SUCCESS)
        if refused:
            self.message_user(
                request, _("Not possible for: %(orders)s") % {"orders": ", ".join(refused)}, messages.WARNING
            )
