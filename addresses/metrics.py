"""What Prometheus learns of look-ups at Google."""

from typing import Any

import pybreaker
from prometheus_client import Gauge

BREAKER_OPEN = Gauge(
    "photoorders_google_breaker_open",
    "1 while Google is not asked, after too many failures",
    multiprocess_mode="livemax",
)


class BreakerListener(pybreaker.CircuitBreakerListener):
    """Keeps the gauge at what the breaker does."""

    def state_change(self, breaker: Any, old: Any, new: Any) -> None:
        BREAKER_OPEN.set(0 if new.name == pybreaker.STATE_CLOSED else 1)
