"""What `make run` does between starting the servers and starting the shop: `python -m local.prepare`.

Translations, tables, static files, the bucket, demo data. Each step does nothing where nothing is to be done.
"""

import hashlib
import os
import re
from pathlib import Path

from local import s3, static_files

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"
STAMP = RUN / "prepared"
SOURCES = (".py", ".html", ".txt", ".po", ".css", ".js", ".svg", ".json", ".md", ".lua", ".png", ".ico", ".woff2")


def done_before() -> bool:
    """Whether all this was done for exactly these sources and settings; only good for databases and buckets that live under .run/."""
    return STAMP.exists() and STAMP.read_text() == digest()


def digest() -> str:
    """A fingerprint of the sources (names, sizes, times) and of the settings, so that new ones are looked at."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in ("staticfiles", "node_modules", "test-artifacts")
        )
        for path in (Path(folder) / name for name in sorted(files) if name.endswith(SOURCES)):
            status = path.stat()
            found.append((str(path), status.st_size, status.st_mtime_ns))
    names = re.findall(r"^# ([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M)
    given = [(name, os.environ.get(name), os.environ.get(f"{name}_FILE")) for name in names]
    return hashlib.sha256(repr((found, given)).encode()).hexdigest()


def main() -> None:
    STAMP.unlink(missing_ok=True)
    prepared = digest()
    from local.messages import compile_messages

    compile_messages()
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    from photoorders.checks import load_settings, refuse_unsafe_start

    load_settings()
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command, get_commands

    refuse_unsafe_start()
    call_command("migrate", interactive=False, verbosity=0)
    static_files.collect()
    if settings.AWS_S3_ENDPOINT_URL or settings.AWS_ACCESS_KEY_ID:
        client = s3.client(
            settings.AWS_S3_ENDPOINT_URL,
            settings.AWS_ACCESS_KEY_ID,
            settings.AWS_SECRET_ACCESS_KEY,
            settings.AWS_S3_REGION_NAME,
        )
        s3.ensure_bucket(client, settings.AWS_STORAGE_BUCKET_NAME, settings.AWS_S3_REGION_NAME)
    if settings.DEMO and "seed_demo" in get_commands():
        call_command("seed_demo")
    STAMP.write_text(prepared)


if __name__ == "__main__":
    main()
