"""Names processes in the shared metrics directory by host and process id, since containers repeat process ids.

Imported before the first metric is made (photoorders/__init__.py).
"""

import os
import socket

from prometheus_client import values

SHARED = bool(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
_HOST = socket.gethostname().replace("_", "-")
_worker = ""
_slots: dict[int, str] = {}


def of(pid: int) -> str:
    return _slots.get(pid) or f"{_HOST}-{pid}"


def belong_to_worker(name: str) -> None:
    """Says which Celery worker (name@host) this process and its children are."""
    global _worker
    _worker = name.partition("@")[0].replace("_", "-")


def take_slot(number: int) -> None:
    """Names this child of a Celery worker by its place in the pool: its successor goes on in the same files.

    By process id the files would be ever more, since children are replaced after some hundred tasks.
    """
    if _worker:
        _slots[os.getpid()] = f"{_HOST}-{_worker}-{number}"


if SHARED:
    os.makedirs(os.environ["PROMETHEUS_MULTIPROC_DIR"], exist_ok=True)
    values.ValueClass = values.MultiProcessValue(lambda: of(os.getpid()))
