"""Tells the workers that there is something in the inbox, without ever making the webhook wait (C20).

A thread a process sends the task; nudges that come while one is on its way become one more. When the broker is down a
nudge is lost, and the sweep by beat works the rows off within seconds of the broker's return.
"""

import os
import threading
import time

import structlog
from celery import current_app

TASK = "payments.process_inbox"
QUEUE = "webhooks"
AT_MOST_EVERY_SECONDS = 0.1  # a worker that was nudged works off whatever came meanwhile as well

log = structlog.get_logger(__name__)


class Nudger:
    """One thread, started by the first nudge of each process."""

    def __init__(self) -> None:
        self._due = threading.Event()
        self._lock = threading.Lock()
        self._pid = 0

    def nudge(self) -> None:
        """Returns at once."""
        self._due.set()
        if self._pid != os.getpid():
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            threading.Thread(target=self._run, name="inbox-nudger", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            try:
                current_app.send_task(TASK, queue=QUEUE, retry=False, expires=60)
            except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the sweep does the work
                log.warning("nudge_failed", error=type(error).__name__)
            time.sleep(AT_MOST_EVERY_SECONDS)


nudger = Nudger()
