"""Figures of uploads for /metrics."""

from collections.abc import Iterator

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from uploads import stash
from uploads.photo import StashError

BYTES = Counter("photoorders_uploads_bytes_total", "Photo bytes received and accepted")


def gauges() -> Iterator[Metric]:
    """Read from Redis when asked; left out while it is away."""
    try:
        staged = stash.staged_bytes()
    except StashError:
        return
    yield GaugeMetricFamily("photoorders_uploads_staged_bytes", "Photo bytes in Redis", value=staged)
