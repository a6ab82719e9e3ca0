"""The floor of webhook_intake: a bare Django view that inserts and commits one row, under the same server."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

from django.conf import settings

settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare_insert"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

TABLE = "bench_bare_insert"


class Row(models.Model):
    body = models.TextField()

    class Meta:
        app_label = "bench"
        managed = False
        db_table = TABLE

    def __str__(self) -> str:
        return str(self.pk)


def make_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"drop table if exists {TABLE}; create table {TABLE} (id bigserial primary key, body text)")


def drop_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"drop table if exists {TABLE}")


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        Row(body=request.body.decode()).save(force_insert=True)
    return HttpResponse("ok")


urlpatterns = [path("health/live", insert), path("insert/", insert)]
