"""The page of a payment link and the way back from Stripe. The address holds the token and no price."""

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from orders import links
from orders.problems import Problem
from payments import link_payments, link_vouchers
from payments.gateway import GatewayError
from payments.models import LinkPayment, PaymentLink
from payments.returning import SESSION_ID

VISITOR = "link_visitor"  # session key: tells a link's visitors apart, so that each has one payment under way


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link_page(request: HttpRequest, token: str) -> HttpResponse:
    """What is asked for, and the button that leads to Stripe."""
    link = get_object_or_404(PaymentLink, token=token)
    if request.method != "POST":
        return _page(request, link)
    visitor = request.session.setdefault(VISITOR, secrets.token_hex(16))
    try:
        payment = link_payments.start(link.pk, visitor, (get_language() or "pt")[:2])
    except Problem as problem:
        return _page(request, link, str(problem.detail), problem.status)
    if not payment.url:
        return _page(request, link)
    return redirect(payment.url)


@never_cache
@require_GET
def link_return(request: HttpRequest, token: str) -> HttpResponse:
    """Back from Stripe: asked there, by the same service as the webhook, and shown."""
    link = get_object_or_404(PaymentLink, token=token)
    session_id = request.GET.get("session_id", "")
    payment = None
    if SESSION_ID.fullmatch(session_id):
        try:
            payment = link_payments.confirm_return(link, session_id)
        except GatewayError:
            messages.info(request, _("Your payment is being confirmed. You will get an email."))
    if payment is not None and payment.state == LinkPayment.State.CONFIRMED:
        messages.success(request, _("Thank you: your payment has arrived. The receipt comes by email."))
    elif payment is not None and payment.state in LinkPayment.OPEN and not payment.url:
        messages.info(request, _("Your payment is being confirmed. You will get an email."))
    elif payment is not None:
        messages.warning(request, _("The payment was not completed, so nothing was charged. You can try again."))
    return redirect("payment-link", link.token)


def _page(request: HttpRequest, link: PaymentLink, problem: str = "", status: int = 200) -> HttpResponse:
    open_now = link_payments.payable(link)
    waiting = link_payments.waiting(link, request.session.get(VISITOR, ""))
    context = {
        "link": link,
        "payable": open_now,
        "cancelled": "cancelled" in request.GET,
        "paid": not open_now and link_payments.paid(link),
        "waiting": waiting,
        "voucher": link_vouchers.shown(waiting) if waiting else None,
        "problem": problem,
    }
    answer = render(request, "payments/link.html", context, status=status)
    answer["Referrer-Policy"] = links.REFERRER_POLICY
    answer["X-Robots-Tag"] = "noindex"
    return answer
