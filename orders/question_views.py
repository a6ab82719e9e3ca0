"""The form "a question?" on the order page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from orders import links, questions
from orders.order_views import by_link, shown
from orders.problems import Problem


@never_cache
@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Sends the studio a message about the order of this link."""
    order = by_link(request, number)
    text = request.POST.get("text", "")
    try:
        questions.ask(order, text)
    except Problem as problem:
        messages.error(request, str(problem.detail))
        return shown(request, order, unsent=text, status=problem.status)
    messages.success(request, _("Thank you. The studio answers by email."))
    return redirect(links.order_path(order))
