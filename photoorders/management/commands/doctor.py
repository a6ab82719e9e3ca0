"""`manage.py doctor`: what is configured, reachable, wrong, and how to mend it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from photoorders import doctor


class Command(BaseCommand):
    help = "Says what is configured, reachable and wrong, and how to mend it; exits 1 when something is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--send-test-email",
            metavar="ADDRESS",
            nargs="?",
            const=settings.OWNER_EMAIL,
            help="also send a test mail to this address, the owner's where none is given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(doctor.examine())
        for finding in findings:
            mark = {
                True: self.style.SUCCESS("ok     "),
                False: self.style.ERROR("wrong  "),
                None: self.style.WARNING("note   "),
            }[finding.ok]
            self.stdout.write(f"{mark}{finding.name}: {finding.what}")
            if finding.mend and not finding.ok:
                self.stdout.write(f"         → {finding.mend}")
        if options["send_test_email"]:
            try:
                doctor.send_test_email(options["send_test_email"])
            except OSError as error:  # smtplib's errors are OSErrors
                raise CommandError(f"The test mail was not accepted: {error}. Check EMAIL_URL.") from error
            self.stdout.write(self.style.SUCCESS("ok     ") + f"test mail handed over for {options['send_test_email']}")
        wrong = [finding.name for finding in findings if finding.ok is False]
        if wrong:
            raise CommandError(f"{len(wrong)} to mend: {', '.join(wrong)}")
