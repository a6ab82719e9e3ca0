"""robots.txt: what search engines should not ask for."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

# Nothing there is for strangers. The steps of buying need no word: without an order begun they lead to the first page.
CLOSED = ("/admin/", "/orders/", "/pay/", "/api/")
TEXT = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in CLOSED)


@cache_control(public=True, max_age=86_400)
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TEXT, content_type="text/plain; charset=utf-8")
