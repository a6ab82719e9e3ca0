"""`manage.py backup [FOLDER]`: PostgreSQL's dump and a listing of the bucket."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from photoorders import backups
from uploads.storage import StorageError


class Command(BaseCommand):
    help = "Writes PostgreSQL's dump and a listing of the bucket with checksums into FOLDER (default: backups/<time>)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, help="a new folder")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"] or Path("backups") / f"{timezone.now():%Y-%m-%dT%H%M%SZ}"
        try:
            count = backups.write(folder)
        except (backups.BackupFailed, StorageError) as error:
            raise CommandError(str(error)) from error
        size = (folder / backups.DUMP).stat().st_size
        self.stdout.write(f"{folder}: database {size / 1e6:.1f} MB, {count} objects listed")
