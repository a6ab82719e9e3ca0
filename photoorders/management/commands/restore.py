"""`manage.py restore FOLDER`: a backup's dump into an empty database, and its listing against the bucket."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from photoorders import backups
from uploads.storage import StorageError


class Command(BaseCommand):
    help = (
        "Restores a backup into an empty database and compares the bucket with its listing; fails where objects lack."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="what `backup` wrote")
        parser.add_argument("--read", action="store_true", help="read every original and compare its SHA-256")
        parser.add_argument("--compare-only", action="store_true", help="leave the database alone")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if not options["compare_only"]:
                backups.restore(options["folder"])
                self.stdout.write("database restored; run `manage.py migrate` if the program is newer than the backup")
            found = backups.compare(options["folder"], read=options["read"])
        except (backups.BackupFailed, StorageError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"bucket: {found.same} as listed, {len(found.missing)} missing, {len(found.different)} different"
        )
        for key in [*found.missing, *found.different][:50]:
            self.stdout.write(f"  {key}")
        if found.missing or found.different:
            raise CommandError("the bucket is not as it was: bring the objects back from its versions or mirror")
