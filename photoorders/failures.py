"""The page for what nobody caught. An outage of PostgreSQL or Redis is told as one: 503, to be tried again, nothing lost."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views.defaults import server_error as crash

from orders.api.errors import OUTAGES, RETRY_SECONDS


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the exception is being handled and after it has been logged."""
    if not isinstance(sys.exc_info()[1], OUTAGES):
        return crash(request)
    answer = HttpResponse(loader.render_to_string("503.html"), status=503)  # without context: that would ask PostgreSQL
    answer["Retry-After"] = str(RETRY_SECONDS)
    return answer
