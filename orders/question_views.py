"""The form "a question?" on the order page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders import links, questions
from orders.order_views import by_link
from orders.problems import Problem


@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Sends the studio a message about the order of this link."""
    order = by_link(request, number)
    try:
        questions.ask(order, request.POST.get("text", ""))
    except Problem as problem:
        messages.error(request, str(problem.detail))
    else:
        messages.success(request, _("Thank you. The studio answers by email."))
    return redirect(links.order_path(order))
