"""Backup and restore, into a database that is really empty, with a bucket that is really compared."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from local.fixtures import Bucket
from orders import fulfilment
from orders.models import Order
from orders.tests.paid_orders import jpeg, paid_order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The address of a new database on the tests' server."""
    server, _slash, _name = os.environ["DATABASE_URL"].rpartition("/")
    name = f"restored_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
        admin.execute(f'CREATE DATABASE "{name}"')
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def stored_order(s3_bucket: Bucket) -> Order:
    order = paid_order([jpeg(seed=1)])
    fulfilment.store(order.pk)
    return order


def restore(folder: Path, database: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "restore", str(folder)],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database},
        capture_output=True,
        text=True,
    )


def test_a_backup_restores_into_an_empty_database(stored_order: Order, empty_database: str, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    call_command("backup", str(folder))
    assert (folder / "database.dump").stat().st_mode & 0o077 == 0
    done = restore(folder, empty_database)
    assert done.returncode == 0, done.stderr
    assert "4 as listed, 0 missing, 0 different" in done.stdout
    with psycopg.connect(empty_database) as restored:
        rows = restored.execute("SELECT number, email, total_cents FROM orders_order").fetchall()
        tables = restored.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert rows == [(stored_order.number, "maria@example.test", 460)]
    assert tables == (len(connection.introspection.table_names()),)


def test_a_restored_history_is_kept_too(stored_order: Order, empty_database: str, tmp_path: Path) -> None:
    """O6: the rows get past the triggers into the new database, and the triggers are there afterwards."""
    folder = tmp_path / "backup"
    call_command("backup", str(folder))
    done = restore(folder, empty_database)
    assert done.returncode == 0, done.stderr
    history = "SELECT kind FROM orders_orderevent"
    with psycopg.connect(empty_database, autocommit=True) as restored:
        for change in ("UPDATE orders_orderevent SET why = ''", "DELETE FROM orders_orderevent"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                restored.execute(change)
        with pytest.raises(psycopg.errors.RestrictViolation):
            restored.execute("TRUNCATE orders_orderevent, payments_paymentevent")
        assert restored.execute(history).fetchall() == [("stored",)]


def test_a_database_that_is_not_empty_is_not_touched(stored_order: Order, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    call_command("backup", str(folder))
    with pytest.raises(CommandError, match=r"is not empty .* make a new database and name it in DATABASE_URL"):
        call_command("restore", str(folder))
    assert Order.objects.get() == stored_order


def test_a_folder_that_cannot_be_made_or_is_no_backup_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="file/backup cannot be made: Not a directory"):
        call_command("backup", str(tmp_path / "file" / "backup"))
    with pytest.raises(CommandError, match=r"is no backup: database\.dump is missing in it"):
        call_command("restore", str(tmp_path))


def test_objects_that_the_bucket_has_lost_are_named(
    stored_order: Order, s3_bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "backup"
    call_command("backup", str(folder))
    key = stored_order.photos.get().storage_key
    s3_bucket.client.delete_object(Bucket=s3_bucket.name, Key=key)
    with pytest.raises(CommandError):
        call_command("restore", str(folder), "--compare-only")
    assert key in capsys.readouterr().out


def test_an_original_with_other_bytes_is_named(
    stored_order: Order, s3_bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "backup"
    call_command("backup", str(folder))
    photo = stored_order.photos.get()
    s3_bucket.client.put_object(Bucket=s3_bucket.name, Key=photo.storage_key, Body=bytes(photo.bytes))
    with pytest.raises(CommandError):
        call_command("restore", str(folder), "--compare-only", "--read")
    assert "1 different" in capsys.readouterr().out


def test_a_backup_never_writes_over_another(stored_order: Order, tmp_path: Path) -> None:
    call_command("backup", str(tmp_path / "backup"))
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(tmp_path / "backup"))
