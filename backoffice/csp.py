"""The admin's content security policy: the shop's strict one, loosened for /admin/ as far as its theme needs.

django-unfold writes its behaviour as Alpine.js expressions in attributes, which Alpine compiles with `new Function`
('unsafe-eval'), and its theme colours and some widths as inline styles ('unsafe-inline', for styles alone). Inline
scripts stay forbidden, everything still comes from this host, and customers' pages keep the strict policy.
"""

from collections.abc import Callable

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

ADDED = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


class AdminPolicyMiddleware:
    """Adds the two exceptions to answers under /admin/; stands below CSPMiddleware, which writes the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response._csp_update = ADDED  # type: ignore[attr-defined]
        return response
