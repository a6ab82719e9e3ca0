"""What a request carries through the shop: its id in logs and answers, and the visitor's true address."""

import ipaddress
import random
import re
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


# What a proxy says of a request. From anybody else it would be a way to lie about address, scheme or id.
PROXY_HEADERS = ("HTTP_X_REQUEST_ID", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")


class RequestIdMiddleware:
    """Gives each request an id: the trusted proxy's X-Request-ID if sane, else a new one; bound to every log line.

    It comes first, and drops PROXY_HEADERS of peers that are none of TRUSTED_PROXIES: nothing behind it reads them then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _trusted(str(request.META.get("REMOTE_ADDR", ""))):
            for name in PROXY_HEADERS:
                request.META.pop(name, None)
        given = str(request.META.get("HTTP_X_REQUEST_ID", ""))
        request_id = given if _ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id, correlation_id=request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class UserIdMiddleware(AuthenticationMiddleware):
    """Django's, which also binds the signed-in user's id to the log lines once somebody asks who it is (C61: no name)."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _known(request))  # type: ignore[assignment]  # lazy, as Django's own is


def _known(request: HttpRequest) -> object:
    user = get_user(request)
    if user.is_authenticated:
        structlog.contextvars.bind_contextvars(user_id=user.pk)
    return user


def client_address(request: HttpRequest) -> str:
    """The visitor's IP address. X-Forwarded-For counts only when the peer is one of TRUSTED_PROXIES."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    while hops and _trusted(peer):
        peer = hops.pop()
    return peer


def _trusted(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
        return any(parsed in ipaddress.ip_network(network, strict=False) for network in settings.TRUSTED_PROXIES)
    except ValueError:
        return False
