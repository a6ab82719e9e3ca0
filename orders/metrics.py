"""What Prometheus learns of orders. Gauges are read when asked; counting states costs one index scan."""

from collections.abc import Iterator

from django.core.cache import cache
from django.db.models import Count
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from orders.models import Order

CACHE_SECONDS = 15  # with a million orders the count takes a while; a scraper asks every few seconds


def gauges() -> Iterator[Metric]:
    """`photoorders_orders_total{state}` and `photoorders_orders_paid_unfulfilled`."""
    counts, unfulfilled = cache.get_or_set("orders:metrics", _read, CACHE_SECONDS) or _read()
    orders = GaugeMetricFamily("photoorders_orders_total", "Orders by state", labels=["state"])
    for state in Order.State.values:
        orders.add_metric([state], counts.get(state, 0))
    yield orders
    yield GaugeMetricFamily(
        "photoorders_orders_paid_unfulfilled", "Paid orders whose photos are not stored yet", value=unfulfilled
    )


def _read() -> tuple[dict[str, int], int]:
    counts = dict(Order.objects.order_by().values_list("state").annotate(Count("pk")))
    waiting = Order.objects.filter(state__in=[Order.State.PAID, Order.State.NEEDS_PHOTOS], stored_at=None).count()
    return counts, waiting
