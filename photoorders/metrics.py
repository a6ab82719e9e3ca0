"""/metrics for Prometheus: counters of all processes, and gauges read from the books at the moment of asking."""

import hmac
import ipaddress
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from orders import metrics as orders
from outbox import metrics as outbox
from payments import metrics as payments
from photoorders import process_identity
from photoorders.requests import client_address
from uploads import metrics as uploads


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text. Wants `Authorization: Bearer METRICS_TOKEN`; the demo also answers this machine."""
    if not _allowed(request):
        return HttpResponse(
            "metrics need the bearer token METRICS_TOKEN\n", status=401, headers={"WWW-Authenticate": "Bearer"}
        )
    registry = REGISTRY
    if process_identity.SHARED:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        registry.register(Books())
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    books = CollectorRegistry()
    books.register(Books())
    return HttpResponse(generate_latest(registry) + generate_latest(books), content_type=CONTENT_TYPE_LATEST)


class Books(Collector):
    """Gauges that each app reads from its tables and from Redis when asked."""

    def collect(self) -> Iterable[Metric]:
        for app in (orders, outbox, payments, uploads):
            yield from app.gauges()


def _allowed(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return True
    try:
        return bool(settings.DEMO) and ipaddress.ip_address(client_address(request)).is_loopback
    except ValueError:
        return False
