"""The two steps of paying that are pages: off to Stripe, and back. Everything is decided by payments.services."""

import re

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from orders import drafts, links
from orders.drafts import Draft
from orders.models import Order
from orders.problems import DraftOrdered, Problem
from orders.views import with_draft
from payments.problems import PaymentServiceUnavailable
from payments.returning import confirm_return
from payments.services import start_checkout

REVIEW = "/review/"
START = "/"


@require_POST
@never_cache
@with_draft
def pay(request: HttpRequest, draft: Draft) -> HttpResponse:
    """From the review page to Stripe's. Whatever keeps the customer from paying is said there, and nothing is lost."""
    try:
        terms = request.POST.get("accept_terms", "") not in ("", "0", "false")
        asked = request.POST.get("method", "")
        method = asked if asked in ("checkout", "elements") else settings.PAYMENT_PAGE
        shown = request.POST.get("shown_cents", "")
        started = start_checkout(
            draft,
            method,
            language=(get_language() or "pt")[:2],
            terms=terms,
            shown_cents=int(shown) if re.fullmatch(r"\d{1,9}", shown, re.ASCII) else None,
        )
    except PaymentServiceUnavailable as problem:
        return unavailable(request, problem)
    except DraftOrdered as problem:
        messages.info(request, str(problem.detail))
        return redirect(START)
    except Problem as problem:
        messages.error(request, str(problem.detail))
        return redirect(REVIEW)
    return redirect(started.url)


@require_GET
@never_cache
def checkout_return(request: HttpRequest) -> HttpResponse:
    """The success page: asks Stripe, by the same service as the webhook, and shows the order (C7–C9)."""
    stripe_id = request.GET.get("session_id") or request.GET.get("payment_intent") or ""
    returned = confirm_return(stripe_id, own_drafts(request))
    if returned.outcome == "paid" and returned.order is not None:
        _start_anew(request, returned.order)
    if returned.outcome in ("paid", "awaiting") and returned.order is not None:
        return redirect(links.order_path(returned.order))
    if returned.outcome == "unavailable":
        answer = render(request, "payments/confirming.html")
        answer["Refresh"] = "5"
        return answer
    if returned.outcome == "unpaid" and returned.order is not None:
        messages.warning(request, _("The payment was not completed, so nothing was charged. You can try again."))
        return redirect(way_back(request, returned.order))
    return render(request, "payments/unknown.html", status=404)


def holds_draft(request: HttpRequest, order: Order) -> bool:
    """Whether the order was frozen from the draft that this visitor can change."""
    return order.draft_id == request.session.get(drafts.SESSION_KEY)


def way_back(request: HttpRequest, order: Order) -> str:
    """Where the visitor can try again: the review, or the order's page for who came by its link."""
    return REVIEW if holds_draft(request, order) else links.order_path(order)


def own_drafts(request: HttpRequest) -> set[str]:
    """The visitor's draft, and those that this session had before, or that were gone to pay by an order's link."""
    mine = str(request.session.get(drafts.SESSION_KEY) or "")
    return {mine, *drafts.earlier(request)} - {""}


def _start_anew(request: HttpRequest, order: Order) -> None:
    """S8: after payment the session gets a new key, and the visitor a new draft."""
    if not holds_draft(request, order):
        return
    drafts.follow(request)
    drafts.rotate_if_due(request)


def unavailable(request: HttpRequest, problem: Problem, back: str = REVIEW) -> HttpResponse:
    """`back`: where the page's button leads."""
    answer = render(request, "payments/unavailable.html", {"problem": problem, "back": back}, status=503)
    answer["Retry-After"] = "60"
    return answer
