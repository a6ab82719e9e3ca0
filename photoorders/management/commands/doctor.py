"""`manage.py doctor`: what is configured, reachable, wrong, and how to mend it."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

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
        recipient = options["send_test_email"]
        if recipient:
            try:
                validate_email(recipient)
            except ValidationError as error:
                raise CommandError(f"{recipient!r} is no email address.") from error
        wrong = []
        for finding in doctor.examine():  # each is said as soon as it is known: an outage takes seconds to find
            if finding.ok is False:
                wrong.append(finding.name)
            mark = {
                True: self.style.SUCCESS("ok     "),
                False: self.style.ERROR("wrong  "),
                None: self.style.WARNING("note   "),
            }[finding.ok]
            self.stdout.write(f"{mark}{finding.name}: {finding.what}")
            if finding.mend and not finding.ok:
                self.stdout.write(f"         → {finding.mend}")
        if recipient:
            try:
                doctor.send_test_email(recipient)
            except OSError as error:  # smtplib's errors are OSErrors
                raise CommandError(f"The test mail was not accepted: {error}. Check EMAIL_URL.") from error
            self.stdout.write(self.style.SUCCESS("ok     ") + f"test mail handed over for {recipient}")
        if wrong:
            raise CommandError(f"{len(wrong)} to mend: {', '.join(wrong)}")
