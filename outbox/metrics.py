"""What Prometheus learns of the outbox and its tasks. The gauges are read when asked; both figures come from the index of pending messages."""

from collections.abc import Iterator

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import Counter
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from outbox.models import OutboxMessage

TASK_FAILURES = Counter("photoorders_task_failures_total", "Tasks that raised", ["task"])


def gauges() -> Iterator[Metric]:
    """`photoorders_outbox_queue_depth`, `photoorders_outbox_oldest_seconds`, `photoorders_outbox_failed`."""
    pending = OutboxMessage.objects.filter(state=OutboxMessage.State.PENDING)
    figures = pending.aggregate(depth=Count("pk"), oldest=Min("created_at"))
    age = (timezone.now() - figures["oldest"]).total_seconds() if figures["oldest"] else 0.0
    failed = OutboxMessage.objects.filter(state=OutboxMessage.State.FAILED).count()
    yield GaugeMetricFamily(
        "photoorders_outbox_queue_depth", "Messages waiting or being worked on", value=figures["depth"]
    )
    yield GaugeMetricFamily("photoorders_outbox_oldest_seconds", "Age of the oldest of them", value=max(age, 0.0))
    yield GaugeMetricFamily("photoorders_outbox_failed", "Messages that gave up", value=failed)
