"""The owner's buttons about money: accept a payment in review, refund (O5). Guard, one service call, message, back."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backoffice.people import actor_of
from orders.problems import Problem
from payments import refunds, review
from payments.cancelling import MAY_REFUND
from payments.gateway import GatewayError
from payments.models import PaymentAttempt, Refund
from payments.refund_form import RefundForm


@require_POST
def accept(request: HttpRequest, object_id: int, attempt_id: int) -> HttpResponse:
    """The sum that arrived is accepted as it is; the order goes on."""
    attempt = _attempt(request, object_id, attempt_id)
    _tried(
        request,
        lambda: review.accept(attempt.pk, actor=actor_of(request)),
        _("The payment is accepted; the order goes on."),
    )
    return redirect("admin:orders_order_change", object_id)


@require_POST
def refund(request: HttpRequest, object_id: int, attempt_id: int) -> HttpResponse:
    """Part or all of the payment goes back; never more than is left of it."""
    attempt = _attempt(request, object_id, attempt_id)
    form = RefundForm(request.POST)
    if form.is_valid():
        _refund(request, attempt.pk, form)
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("admin:orders_order_change", object_id)


def _refund(request: HttpRequest, attempt_id: int, form: RefundForm) -> None:
    """Says what became of the refund: who is told to ask again, of one that will be sent, pays twice."""
    reason, key = form.cleaned_data["reason"], str(form.cleaned_data["key"])
    try:
        made = refunds.refund(attempt_id, form.cents, reason=reason, actor=actor_of(request), key=key)
    except Problem as problem:
        messages.error(request, str(problem.detail))
        return
    if made.state == Refund.State.CREATED:
        messages.warning(
            request,
            _("The refund is noted, but Stripe cannot be asked now. It is sent by itself later: do not ask again."),
        )
    elif made.state in Refund.RESERVED:
        messages.success(request, _("The refund is on its way."))
    else:
        messages.error(
            request, _("Stripe refused the refund (%(code)s). Nothing went back.") % {"code": made.failure_code}
        )


def _attempt(request: HttpRequest, object_id: int, attempt_id: int) -> PaymentAttempt:
    if not request.user.has_perm(MAY_REFUND):
        raise PermissionDenied
    return get_object_or_404(PaymentAttempt, pk=attempt_id, order_id=object_id)


def _tried(request: HttpRequest, call: Callable[[], object], done: str) -> None:
    try:
        call()
    except Problem as problem:
        messages.error(request, str(problem.detail))
    except GatewayError:
        messages.error(request, _("Stripe did not take it. Look at the payment in Stripe's dashboard, then try again."))
    else:
        messages.success(request, done)
