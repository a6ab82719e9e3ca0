"""/pay/<payment>/: the shop's own payment page, with Stripe's Payment Element in it. Cards are typed into Stripe's frame."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from orders import links, order_page, vouchers
from orders.models import Order
from payments import at_stripe, attempts, gateway
from payments.checkout import away
from payments.models import PaymentAttempt
from payments.views import holds_draft, own_drafts, unavailable, way_back


@require_GET
@never_cache
def element(request: HttpRequest, payment: str) -> HttpResponse:
    """For the visitor whose draft it is; to everybody else it does not exist (C62). The client_secret goes into the page,
    and nowhere else."""
    attempt = PaymentAttempt.objects.select_related("order").filter(public_id=payment).first()
    if attempt is None or attempt.order.draft_id not in own_drafts(request):
        raise Http404
    if attempt.method != PaymentAttempt.Method.ELEMENTS or not attempt.intent_id:
        raise Http404
    if attempt.state not in attempts.OPEN or not attempt.url:
        return redirect(_after(request, attempt.order))
    try:
        intent = gateway.retrieve_intent(attempt.intent_id)
    except gateway.GatewayError as error:
        return unavailable(request, away(error), back=way_back(request, attempt.order))
    if intent.status not in at_stripe.CANCELABLE:
        return redirect(f"/checkout/return/?payment_intent={intent.id}")
    context = {
        "order": attempt.order,
        "back": way_back(request, attempt.order),
        "pay_url": _pay_url(request, attempt.order),
        "client_secret": intent.client_secret,
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
        "stripe_js": settings.STRIPE_JS_URL,
        "return_url": f"{settings.SITE_URL}/checkout/return/",
        "locale": (get_language() or "pt")[:2],
    }
    answer = render(request, "payments/element.html", context)
    vars(answer)["_csp_update"] = POLICY
    return answer


def _after(request: HttpRequest, order: Order) -> str:
    """Where a page that is over leads: back to paying while that is possible, else to what became of the order."""
    to_pay = order.payment_state == Order.PaymentState.UNPAID or order_page.may_pay(order, vouchers.payable(order))
    return way_back(request, order) if to_pay else links.order_path(order)


def _pay_url(request: HttpRequest, order: Order) -> str:
    """Where the form goes that asks for Stripe's own page instead."""
    if holds_draft(request, order):
        return reverse("pay")
    return f"{reverse('order-pay', args=[order.number])}?{urlencode({'t': links.token(order)})}"


# What Stripe.js needs, on this page only: its script, its frames (3-D Secure too), and its API.
POLICY = {
    "script-src": settings.STRIPE_JS_SOURCES["script"],
    "frame-src": settings.STRIPE_JS_SOURCES["frame"],
    "connect-src": settings.STRIPE_JS_SOURCES["connect"],
}
