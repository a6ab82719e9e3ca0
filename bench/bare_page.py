"""The floor of the page rows: a bare Django view that reads the session and renders a template of the page's length.

BENCH_PAGE names a file with the page; the template is its text, with one value of the session put in.
"""

import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

from django.conf import settings

settings.MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",  # Content-Length
]
settings.ROOT_URLCONF = "bench.bare_page"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import path

TEMPLATE = Template(Path(os.environ["BENCH_PAGE"]).read_text(encoding="utf-8"))


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TEMPLATE.render(Context({"draft": request.session.get("draft")})))


urlpatterns = [path("health/live", page), path("", page), path("review/", page)]
