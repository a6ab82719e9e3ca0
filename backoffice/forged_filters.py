"""Filters of the admin's lists that nobody clicked together: refused before PostgreSQL, which takes no NUL, is asked."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import reverse


class ForgedFilterMiddleware:
    """Django's lists hand a filter's value to the database as it came; a NUL in it would be a 500 there (S5)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") and request.path.startswith(reverse("admin:index")):
            raise BadRequest("NUL in a filter")
        return self.get_response(request)
