"""The content security policy: the shop's strict one, loosened for /admin/ as far as its theme needs.

django-unfold writes its behaviour as Alpine.js expressions in attributes, which Alpine compiles with `new Function`
('unsafe-eval'), and its theme colours and some widths as inline styles ('unsafe-inline', for styles alone). Inline
scripts stay forbidden, everything still comes from this host, and customers' pages keep the strict policy.
"""

import functools

from csp.constants import HEADER, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

ADDED = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


class PolicyMiddleware(CSPMiddleware):
    """django-csp's, which puts each answer's policy together anew; here the ordinary one is made once a process."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path.startswith(_admin()):
            vars(response)["_csp_update"] = ADDED
        if any(name.startswith("_csp_") for name in vars(response)):  # a policy of its own, see django-csp's decorators
            answer: HttpResponseBase = super().process_response(request, response)
            return answer
        response.headers.setdefault(HEADER, _ordinary())
        return response


@functools.cache
def _admin() -> str:
    return reverse("admin:index")


@functools.cache
def _ordinary() -> str:
    policy: str = build_policy()
    return policy
