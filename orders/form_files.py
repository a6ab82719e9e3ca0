"""The files of a page's upload form as a stream (U3): not one byte of them is taken before the form's token was checked."""

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from accounts import csrf
from uploads import incoming

FILE_FIELD = "file"
TOKEN_BYTES = 200


class Forged(Exception):
    """The form did not come from our page (S7)."""


def checked(request: HttpRequest) -> Iterator[incoming.Part]:
    """The files in the field `file`, of a view that is csrf_exempt. Read each before asking for the next.

    The token stands before the files. Raises Forged where it is missing or wrong, incoming.Interrupted.
    """
    if not incoming.is_form(request):
        raise incoming.Interrupted
    token, allowed = "", False
    for part in incoming.parts(request):
        if part.name == "csrfmiddlewaretoken" and not allowed:
            token = _short(part.pieces)
        elif part.name == FILE_FIELD and part.filename:
            if not allowed:
                _check(request, token)
            allowed = True
            yield part
    if not allowed:
        _check(request, token)


def forged(request: HttpRequest, error: Forged) -> HttpResponse:
    """The answer to a form that is not ours, after the rest of it was read and forgotten."""
    incoming.drain(request)
    failure: HttpResponse = import_string(settings.CSRF_FAILURE_VIEW)(request, reason=str(error))
    return failure


def _check(request: HttpRequest, token: str) -> None:
    if reason := csrf.refusal(request, token):
        raise Forged(reason)


def _short(pieces: Iterator[bytes]) -> str:
    data = b""
    for piece in pieces:
        data = (data + piece)[:TOKEN_BYTES]
    return data.decode("utf-8", "replace")
