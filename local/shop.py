"""How the shop's own processes are started: web server, workers, beat. `make run` and the tests share it."""

import sys
from pathlib import Path

from local.keeper import Orders

_BIN = Path(sys.executable).parent
QUICK_QUEUES = "webhooks,mail,default"  # never behind the slow work on photos
PHOTO_QUEUES = "photos,slow"  # two processes: a daily job, up to an hour long, leaves one to the photos
ALL_QUEUES = f"{QUICK_QUEUES},{PHOTO_QUEUES}"


def web() -> Orders:
    """gunicorn with the settings of production; HOST, PORT, WEB_CONCURRENCY and WEB_THREADS come by environment."""
    return Orders(
        [str(_BIN / "gunicorn"), "--config", "photoorders/gunicorn.py", "photoorders.wsgi:application"], grace=35
    )


def worker(name: str, queues: str, *, concurrency: int = 2, beat_file: Path | None = None) -> Orders:
    """A Celery worker called name@host; with `beat_file`, the one that also sends the scheduled tasks."""
    options = ["--queues", queues, "--concurrency", str(concurrency), "--hostname", f"{name}@%h", "--loglevel", "INFO"]
    options += ["--without-gossip", "--without-mingle"]
    options += ["--beat", "--schedule", str(beat_file)] if beat_file else []
    return Orders([str(_BIN / "celery"), "--quiet", "--app", "photoorders", "worker", *options], grace=30)


def beat(schedule: Path) -> Orders:
    return Orders(
        [
            str(_BIN / "celery"),
            "--quiet",
            "--app",
            "photoorders",
            "beat",
            "--schedule",
            str(schedule),
            "--loglevel",
            "WARNING",
        ]
    )
