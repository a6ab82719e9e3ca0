"""Static files as production serves them: `python -m local.static_files` collects them if any of them changed.

Collecting compresses each file and takes twenty seconds; the tests' shops and `make run` share what one of them collected.
"""

import fcntl
import hashlib
import os
from pathlib import Path

RUN = Path(__file__).resolve().parent.parent / ".run"


def collect() -> None:
    """Collects static files when any of them changed since the last time; several processes take turns. Django must be set
    up."""
    from django.conf import settings
    from django.core.management import call_command

    RUN.mkdir(exist_ok=True)
    stamp = RUN / "static.stamp"
    with (RUN / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest = _digest()
        if not (Path(settings.STATIC_ROOT).is_dir() and stamp.exists() and stamp.read_text() == digest):
            stamp.unlink(missing_ok=True)
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(digest)


def _digest() -> str:
    """A fingerprint of the files that would be collected, and of how."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders

    found = sorted(
        (name, Path(storage.path(name)).stat().st_mtime_ns)
        for finder in get_finders()
        for name, storage in finder.list([])
    )
    return hashlib.sha256(repr((found, settings.STORAGES["staticfiles"])).encode()).hexdigest()


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")
    django.setup()
    collect()
