"""The page on which a customer cancels an order, opened by the order's signed link."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders import links
from orders import services as orders
from orders.models import Order
from orders.order_views import by_link
from orders.services import InvalidTransition
from payments.cancelling import cancel_for_customer
from payments.models import PaymentAttempt
from payments.refunds import left


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Asks first; the button on the page cancels and refunds. Too late, or done before: the order page says how it stands."""
    order = by_link(request, number)
    if request.method != "POST" and orders.customer_may_cancel(order):
        response = render(
            request, "payments/cancel_order.html", {"order": order, "token": request.GET["t"], **_sums(order)}
        )
        response["Referrer-Policy"] = links.REFERRER_POLICY
        response["X-Robots-Tag"] = "noindex"
        return response
    if request.method == "POST":
        try:
            cancel_for_customer(order)
        except InvalidTransition as refusal:
            messages.error(request, str(refusal.detail))
        else:
            messages.success(request, _("The order is cancelled. What you paid is on its way back to you."))
    return redirect(links.order_path(order))


def _sums(order: Order) -> dict[str, object]:
    """What would go back now, in cents, and whether that is all that was paid: parts may have gone back before."""
    confirmed = list(order.attempts.filter(state=PaymentAttempt.State.CONFIRMED))
    rest, received = sum(left(attempt) for attempt in confirmed), sum(row.received_cents or 0 for row in confirmed)
    return {"rest_cents": rest, "whole": rest == received}
