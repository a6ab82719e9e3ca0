"""The first page as visitors without photos see it: of an empty draft, the same for all of them, so it is rendered once
in a few seconds.

Rendering is what the page costs (docs/speed.md). Only the CSRF token differs between visitors; it is put in anew each
time. What the owner changes shows SHOWN_SECONDS later at most; prices are read afresh wherever they count.
"""

import re
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import translation

TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+')

_kept: dict[str, tuple[float, list[bytes]]] = {}  # by language: until when, and the page around its tokens


def response(request: HttpRequest, render: Callable[[], HttpResponse]) -> HttpResponse:
    """The page as rendered before, or by `render` now. Whoever has a message to read, or a query, gets one of his own."""
    seconds = settings.SHOWN_SECONDS
    if not seconds or request.META.get("QUERY_STRING") or len(get_messages(request)):
        return render()
    language = translation.get_language() or ""
    until, parts = _kept.get(language, (0.0, []))
    if time.monotonic() > until:
        parts = TOKEN.split(render().content)
        _kept[language] = (time.monotonic() + seconds, parts)
    return HttpResponse(get_token(request).encode().join(parts))
