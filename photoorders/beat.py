"""Celery's beat that refuses unsafe settings and shows it lives (CELERY_BEAT_SCHEDULER)."""

from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler

from photoorders.checks import refuse_unsafe_start


class Scheduler(PersistentScheduler):
    """Touches a file beside its schedule, called like it plus `.alive`, at each tick: a container's health check reads it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refuse_unsafe_start()  # here, since beat's own signal waits for the broker
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Sends what is due; seconds until the next tick. Goes on, and stays alive, while the broker is away."""
        Path(f"{self.schedule_filename}.alive").touch()  # type: ignore[attr-defined]  # celery has no types
        return float(super().tick(*args, **kwargs))
