"""Misbehaviour on request: slow, failing and resetting answers, lost and doubled webhooks, odd geocoding."""

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Settings:
    """What `POST /sandbox/faults` sets; the defaults are good behaviour."""

    latency: float = 0.0  # seconds before each answer of the payment API
    webhook_drop: bool = False  # events are never sent (and stay "undelivered")
    webhook_copies: int = 1  # each event is sent so many times
    webhook_delay: float = 0.0  # seconds before the first try
    webhook_shuffle: float = 0.0  # events are sent in any order within so many seconds
    balance_delay: float = 0.0  # seconds until a charge has its balance transaction
    mb_way_seconds: float = 300.0  # how long MB WAY's app waits for an answer before the payment fails
    refund_status: str = "succeeded"  # succeeded, pending or failed (at once pending, then failed)
    geocoding: str = ""  # "", slow, quota, denied, invalid, unknown, error (HTTP 500), nonsense, garbage, reset
    geocoding_latency: float = 0.0  # seconds before each answer of the geocoder
    queue: list[dict[str, Any]] = field(default_factory=list)  # waiting API faults, shown only


@dataclass(frozen=True)
class Fault:
    """One planned failure of a call of the payment API."""

    kind: str  # "500", "429", "403" (a key that may not do this), "reset", "timeout"
    when: str = "before"  # "before" or "after" the commit
    path: str = ""  # only calls whose path contains this
    method: str = ""  # only GET, POST or DELETE
    seconds: float = 0.0  # for "timeout": how long the answer waits


class Faults:
    def __init__(self) -> None:
        self.settings = Settings()
        self._queue: deque[Fault] = deque()
        self._lock = threading.Lock()

    def plan(self, fault: Fault, times: int = 1) -> None:
        with self._lock:
            self._queue.extend([fault] * times)

    def take(self, method: str, path: str) -> Fault | None:
        """The next planned failure that fits this call, used up."""
        with self._lock:
            for fault in self._queue:
                if fault.path in path and fault.method in ("", method):
                    self._queue.remove(fault)
                    return fault
        return None

    def wait(self) -> None:
        if self.settings.latency:
            time.sleep(self.settings.latency)

    def set(self, **values: Any) -> None:
        """Raises ValueError for a name that does not exist or a value of the wrong type."""
        for name, value in values.items():
            default = getattr(Settings(), name, None)
            if default is None or name == "queue":
                raise ValueError(f"There is no switch called {name!r}")
            setattr(self.settings, name, type(default)(value))

    def clear(self) -> None:
        with self._lock:
            self._queue.clear()
        self.settings = Settings()

    def shown(self) -> dict[str, Any]:
        with self._lock:
            return asdict(self.settings) | {"queue": [asdict(fault) for fault in self._queue]}
