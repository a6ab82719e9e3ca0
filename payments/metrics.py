"""What Prometheus learns of payments (names as in docs/operating.md)."""

from collections.abc import Iterator
from typing import Any

import pybreaker
from django.db.models import Count
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from payments.models import WebhookEvent

BREAKER_OPEN = Gauge(
    "photoorders_stripe_breaker_open",
    "1 while Stripe is not asked, after too many failures",
    multiprocess_mode="livemax",
)
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86_400)

PAYMENT_REQUESTS = Counter("photoorders_payment_requests", "Checkouts asked for, by what came of it", ["status"])
PROCESSING_SECONDS = Histogram(
    "photoorders_payment_processing_duration_seconds", "Seconds from an event's claim to its effect", buckets=BUCKETS
)
WEBHOOK_EVENTS = Counter("photoorders_webhook_events", "Webhook events by what was done", ["type", "outcome"])
WEBHOOK_LAG = Histogram(
    "photoorders_webhook_lag_seconds", "Seconds from an event at Stripe to its effect here", buckets=BUCKETS
)
IDEMPOTENCY_HITS = Counter("photoorders_idempotency_cache_hits", "Checkouts answered with the payment made before")
DISCREPANCIES = Counter(
    "photoorders_reconciliation_discrepancies", "Differences between the shop's books and Stripe's", ["kind"]
)
STRIPE_ERRORS = Counter("photoorders_stripe_api_errors", "Calls of Stripe that failed", ["kind"])
STRIPE_SECONDS = Histogram("photoorders_stripe_api_duration_seconds", "Seconds a call of Stripe took", buckets=BUCKETS)


class BreakerListener(pybreaker.CircuitBreakerListener):
    """Keeps the gauge at what the breaker does."""

    def state_change(self, breaker: Any, old: Any, new: Any) -> None:
        BREAKER_OPEN.set(0 if new.name == pybreaker.STATE_CLOSED else 1)


def gauges() -> Iterator[Metric]:
    """`photoorders_webhook_inbox{state}` for the states that wait or gave up; the done ones are not counted."""
    open_states = (WebhookEvent.State.RECEIVED, WebhookEvent.State.DEAD)
    rows = WebhookEvent.objects.order_by().filter(state__in=open_states).values_list("state").annotate(Count("pk"))
    counts = dict(rows)
    waiting = GaugeMetricFamily("photoorders_webhook_inbox", "Webhook events not done", labels=["state"])
    for state in open_states:
        waiting.add_metric([state], counts.get(state, 0))
    yield waiting
