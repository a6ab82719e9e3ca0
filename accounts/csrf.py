"""Django's CSRF check without reading a request's body: by the header, or by a form field already at hand (S7)."""

from django.http import HttpRequest, HttpResponse, QueryDict
from rest_framework.authentication import CSRFCheck


def refusal(request: HttpRequest, token: str = "") -> str:
    """Why the request is refused, "" where it is not. `token` is the form's csrfmiddlewaretoken, the header counts too.

    Django's own check parses the whole body to look for that field, which must not happen before an upload is allowed.
    """
    bare = HttpRequest()
    bare.method = request.method
    bare.META = request.META
    bare.COOKIES = request.COOKIES
    form = QueryDict(mutable=True)
    form["csrfmiddlewaretoken"] = token
    bare.POST = form  # type: ignore[assignment]  # Django's is immutable; this one was made here
    check = CSRFCheck(_no_response)
    check.process_request(bare)
    return str(check.process_view(bare, None, (), {}) or "")  # type: ignore[arg-type]  # no view is called


def _no_response(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
