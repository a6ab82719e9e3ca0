"""The servers that measurements use: PostgreSQL and Redis as the tests find or start them, with data of their own.

PostgreSQL keeps its promises here (fsync on), as in production; a database is made for the run and dropped after it,
and Redis is a database that nobody else uses, emptied after it. S3, mail and the stand-ins only get their addresses:
the measurements that need them start them.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from local import fixtures, services, testrun

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def prepared() -> Iterator[dict[str, str]]:
    """The variables for the measurements' processes; tables and static files are there. SystemExit if nothing starts."""
    os.environ.setdefault("DATABASE_URL", services.postgres_url(durable=True))
    os.environ.update(testrun.environment())
    os.environ["DJANGO_SETTINGS_MODULE"] = "photoorders.settings"
    with _scratch_database(os.environ["DATABASE_URL"]) as url, tempfile.TemporaryDirectory() as metrics:
        os.environ |= {"DATABASE_URL": url, "PROMETHEUS_MULTIPROC_DIR": metrics, "OUTBOX_SWEEP_SECONDS": "5"}
        fixtures.collect_static()
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
        yield dict(os.environ)


@contextmanager
def _scratch_database(url: str) -> Iterator[str]:
    """A new, empty database beside the one of `url`; dropped afterwards, whoever is still connected."""
    parts = urlsplit(url)
    name = f"photoorders_bench_{secrets.token_hex(4)}"
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            yield parts._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
