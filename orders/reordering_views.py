"""The button "order again" on the page of an order, and the page that waits until its photos are back."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from orders import drafts, links, reordering
from orders.order_views import by_link
from orders.problems import Problem

LOOK_AGAIN_SECONDS = 2
ENDS = {
    reordering.DONE: (messages.SUCCESS, _("Your photos and prints are here, at today's prices. Change what you like.")),
    reordering.PARTLY: (
        messages.WARNING,
        _("Your photos are here. Some prints are no longer on sale: please choose another size for them."),
    ),
    reordering.GONE: (messages.WARNING, reordering.PhotosNotKept.detail),
    reordering.FAILED: (messages.WARNING, _("The photos could not be fetched. Please upload them again.")),
}


@never_cache
@require_POST
def reorder(request: HttpRequest, number: str) -> HttpResponse:
    """Plans the photos' return; what the visitor has begun meanwhile is kept."""
    order = by_link(request, number)
    try:
        reordering.start(order, drafts.for_request(request, create=True))
    except Problem as problem:
        messages.error(request, str(problem.detail))
        return redirect(links.order_path(order))
    return redirect("reordering", number)


@never_cache
@require_GET
def reordering_page(request: HttpRequest, number: str) -> HttpResponse:
    """Waits for the worker, then says how it ended, on the first page. Knows only what the visitor's own draft knows."""
    state = drafts.for_request(request).reorders.get(number, {}).get("state", "")
    if state in ENDS:
        level, sentence = ENDS[state]
        messages.add_message(request, level, str(sentence))
        return redirect("home")
    if state != reordering.FETCHING:
        raise Http404
    response = render(request, "orders/reordering.html", {"number": number})
    response["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return response
