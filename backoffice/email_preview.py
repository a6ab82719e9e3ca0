"""An email as the customer gets it, in either language, as HTML and as text. Its own page, so that nothing of it mixes
with the admin."""

import re

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string

from backoffice import money
from orders import emails
from orders.email_kinds import KINDS, NAMES
from orders.models import Order

BODY = re.compile(r"<body[^>]*>")


def kinds(order: Order) -> list[str]:
    """What can be looked at: every kind. Of an order that is picked up, "ready" is "ready_pickup"."""
    return [kind for kind in KINDS if not (kind == "ready" and order.method == Order.Method.PICKUP)]


def page(request: HttpRequest, object_id: int, kind: str) -> HttpResponse:
    """The email under a bar that tells its subject and leads to its other forms. `?language=en`, `?form=text`."""
    if not money.may_have_customers_link(request):  # prices and the link are in it
        raise PermissionDenied
    order = get_object_or_404(Order, pk=object_id)
    if kind not in kinds(order):
        raise Http404
    asked = request.GET.get("language")
    language = asked if asked in dict(settings.LANGUAGES) else order.language
    form = "text" if request.GET.get("form") == "text" else "html"
    mail = emails.preview(order, kind, language)
    context = {"mail": mail, "order": order, "name": NAMES[kind], "language": language, "form": form}
    context |= {"languages": settings.LANGUAGES, "forms": ("html", "text")}
    if form == "text":
        response = HttpResponse(render_to_string("backoffice/email_text.html", context))
    else:
        bar = render_to_string("backoffice/parts/email_bar.html", context)
        response = HttpResponse(BODY.sub(lambda body: body.group() + bar, mail.html, count=1))
    response["Cache-Control"] = "private, no-store"
    return response
