"""The order's page in the admin and its buttons. Each view: guard, one service call, message, back to the page."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backoffice import order_files, order_page, print_zip
from backoffice.order_steps import STEPS
from backoffice.people import actor_of
from backoffice.replace_photo_form import ReplacePhotoForm
from backoffice.shipping_form import ShippingForm
from orders import services
from orders.models import Order
from outbox import services as outbox_services
from outbox.models import OutboxMessage
from payments.refund_form import RefundForm
from uploads.storage import StorageUnavailable

View = Callable[..., HttpResponseBase]


def for_order_viewers(view: View) -> View:
    """Refuses those who may not see orders, and answers 503 where S3 is away."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm("orders.view_order"):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except StorageUnavailable:
            return order_files.storage_away(request)

    return guarded


def page(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponseBase:
    """Everything about one order."""
    if not request.user.has_perm("orders.view_order"):
        raise PermissionDenied
    try:
        order = Order.objects.select_related("customer").get(pk=int(object_id))
    except (Order.DoesNotExist, ValueError):
        raise Http404 from None
    context = {
        **admin.site.each_context(request),
        "opts": Order._meta,
        "title": order.number,
        "original": order,
        "form": ShippingForm(),
        "refund_form": RefundForm(),
        "replace_form": ReplacePhotoForm(auto_id=False),
        **order_page.context(request, order),
    }
    return TemplateResponse(request, model_admin.change_form_template, context)


@require_POST
def take_step(request: HttpRequest, object_id: int, name: str) -> HttpResponse:
    """One step forward (or the end) of an order; what the services refuse is shown as a message."""
    _demand(request, "orders.change_order")
    if name not in STEPS:
        raise Http404
    order, step = get_object_or_404(Order, pk=object_id), STEPS[name]
    form = ShippingForm(request.POST)
    if step.needs_form and not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("admin:orders_order_change", object_id)
    try:
        if step.needs_form:
            services.ship(order, form.cleaned_data["carrier"], form.cleaned_data["tracking"], actor=actor_of(request))
        else:
            step.take(order, actor_of(request))
    except services.InvalidTransition as refusal:
        messages.error(request, str(refusal.detail))
    else:
        messages.success(request, str(step.done) % {"number": order.number})
    return redirect("admin:orders_order_change", object_id)


@require_POST
def ask_for_photo(request: HttpRequest, object_id: int, seq: int) -> HttpResponse:
    """The customer is asked for another photo in the place of one that cannot be printed as it is."""
    _demand(request, "orders.change_order")
    form = ReplacePhotoForm(request.POST)
    if form.is_valid():
        order = get_object_or_404(Order, pk=object_id)
        try:
            services.ask_for_photo(order, seq, form.cleaned_data["reason"], actor=actor_of(request))
        except services.InvalidTransition as refusal:
            messages.error(request, str(refusal.detail))
        else:
            messages.success(request, _("The customer is asked for another photo."))
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("admin:orders_order_change", object_id)


@require_POST
def retry_task(request: HttpRequest, object_id: int, task_id: int) -> HttpResponse:
    """Puts a task of this order that gave up back to work."""
    _demand(request, "outbox.change_outboxmessage")
    task = get_object_or_404(OutboxMessage, pk=task_id, payload__order_id=object_id)
    outbox_services.retry(task)
    messages.success(request, _("The task is at work again."))
    return redirect("admin:orders_order_change", object_id)


def prints_zip(request: HttpRequest, object_id: int) -> HttpResponseBase:
    """The order's print-ready ZIP."""
    items = print_zip.printable(Order.objects.filter(pk=object_id))
    if not items:
        messages.warning(request, _("This order has no print files yet."))
        return redirect("admin:orders_order_change", object_id)
    return order_files.attachment(print_zip.stream(items), print_zip.zip_name(items), kind="application/zip")


def _demand(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
