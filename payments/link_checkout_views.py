"""Paying an order by its signed link, from whatever device the mail was opened on: the same checkout, by the same rules."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from orders import drafts, legal, links, order_page, vouchers
from orders.models import Order
from orders.order_views import by_link
from orders.problems import DraftExpired, Problem, TermsNotAccepted
from payments.checkout import CheckoutStarted, start_checkout
from payments.models import PaymentAttempt
from payments.problems import PaymentServiceUnavailable
from payments.views import REVIEW, own_drafts, unavailable, way_back


@require_POST
@never_cache
def pay_order(request: HttpRequest, number: str) -> HttpResponse:
    """From the order's page to Stripe's, for exactly what the page shows; nothing else of the draft is opened by it (C62)."""
    order = by_link(request, number)
    page = links.order_path(order)
    if not order_page.may_pay(order, vouchers.payable(order)):
        return redirect(page)
    try:
        if vouchers.changed_since(order):
            raise Problem(
                _(
                    "This order was changed after you got this link. Please pay the newer one: by the link in its email, or "
                    "where you changed it."
                )
            )
        asked = request.POST.get("method", "")
        started = _start(order, asked if asked in ("checkout", "elements") else settings.PAYMENT_PAGE)
    except PaymentServiceUnavailable as problem:
        answer = unavailable(request, problem, back=page)
        answer["Referrer-Policy"] = links.REFERRER_POLICY
        return answer
    except Problem as problem:
        messages.error(request, str(problem.detail))
        return redirect(way_back(request, order))
    drafts.remember(request, order.draft_id)
    return redirect(started.url)


def _start(order: Order, method: str) -> CheckoutStarted:
    """The checkout of the order's draft, for the sum and by the terms that the order was frozen with (C66, P1)."""
    draft = drafts.get(order.draft_id)
    if draft is None:
        raise DraftExpired
    accepted = {"terms": order.terms_version, "privacy": order.privacy_version, "withdrawal": order.withdrawal_version}
    if legal.versions() != accepted:
        raise TermsNotAccepted(_("The terms have changed since. Please make the order once more."))
    return start_checkout(draft, method, language=order.language, terms=True, shown_cents=order.total_cents)


@require_GET
@never_cache
def back(request: HttpRequest, payment: str) -> HttpResponse:
    """Stripe's "back": to the review where the visitor's draft is, else to the order's page that they came from."""
    attempt = PaymentAttempt.objects.select_related("order").filter(public_id=payment).first()
    known = attempt is not None and attempt.order.draft_id in own_drafts(request)
    page = way_back(request, attempt.order) if attempt is not None and known else REVIEW
    return redirect(f"{REVIEW}?cancelled=1" if page == REVIEW else page)
