"""The pages for what went wrong. Each names the seller and the Livro de Reclamações, as every page does (P2).

An outage of PostgreSQL or Redis is told as one: 503, to be tried again, nothing lost.
"""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from orders import price_book
from orders.api.errors import OUTAGES, RETRY_SECONDS


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400, in the shop's layout; its own gives the template no request."""
    return render(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the exception is being handled and after it has been logged."""
    outage = isinstance(sys.exc_info()[1], OUTAGES)
    code = 503 if outage else 500
    # Not the request's context: that would ask PostgreSQL.
    answer = HttpResponse(loader.render_to_string(f"{code}.html", {"shop": price_book.remembered()}), status=code)
    if outage:
        answer["Retry-After"] = str(RETRY_SECONDS)
    return answer
