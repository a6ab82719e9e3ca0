"""Webhooks are answered here, before the middleware that exists for pages: sessions, language, cookies, page policies.

A webhook has none of these, and passing through them took as long as storing its event (`make bench`, webhook_intake).
The request's id, its duration and its log line come from the middleware before this one. A redirect to https is left
out as well: Stripe follows none, and the body is signed.
"""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve

STRIPE = "/webhooks/stripe/"
PATHS = (STRIPE,)


class WebhookMiddleware:
    """Calls the view of a webhook's address at once; every other request goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in PATHS:
            return self.get_response(request)
        request.resolver_match = match = _match(request.path_info)
        answer: HttpResponse = match.func(request)
        return answer


@functools.cache
def _match(path: str) -> ResolverMatch:
    return resolve(path)
