"""manage.py setup_shop: a real shop's first run. Safe to repeat: what is there stays as it is."""

import os
import sys
from getpass import getpass
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import roles, services
from accounts.models import User
from orders.catalogue import install_default_catalogue
from orders.models import ShopSettings
from uploads import storage

STUDIO_FIELDS = (
    "studio_name",
    "legal_name",
    "address",
    "nipc",
    "email",
    "phone",
    "arbitration_body",
    "arbitration_url",
)


class Command(BaseCommand):
    help = (
        "Sets a new shop up: the owner's account, the studio's data, a first price list and legal texts, and a look at the "
        "bucket. Asks for what is not given; with --no-input it asks nothing. The password comes from SHOP_OWNER_PASSWORD "
        "or is typed. Running it again adds what is missing and changes nothing else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--owner-email", default=settings.OWNER_EMAIL, help="who signs in (default: OWNER_EMAIL)")
        parser.add_argument(
            "--no-input", action="store_true", help="ask nothing; fail where something needed is missing"
        )
        for name in STUDIO_FIELDS:
            parser.add_argument(
                f"--{name.replace('_', '-')}", default="", help=f"the studio's {name.replace('_', ' ')}"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        asks = not options["no_input"] and sys.stdin.isatty()
        roles.install_roles()
        self._owner(str(options["owner_email"]).strip().lower(), asks)
        self._studio(options, asks)
        install_default_catalogue()
        self._say("Price list, shipping prices and legal texts are there; read and change them in the admin.")
        self._bucket()

    def _owner(self, email: str, asks: bool) -> None:
        if User.objects.filter(email=email).exists():
            services.ensure_owner(email, None)
            self._say(f"The owner's account {email} is there; its password stays as it is.")
            return
        try:
            validate_email(email)
            password = self._password(email, asks)
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        services.ensure_owner(email, password)
        self._say(f"The owner's account {email} is made: sign in at {settings.SITE_URL}/admin/")

    def _password(self, email: str, asks: bool) -> str:
        given = os.environ.get("SHOP_OWNER_PASSWORD", "")
        if given or not asks:
            if not given:
                raise CommandError("Set SHOP_OWNER_PASSWORD, or run without --no-input on a terminal to type it.")
            return given
        first, second = getpass(f"Password for {email}: "), getpass("Once more: ")
        if first != second:
            raise CommandError("The two passwords differ. Nothing was changed.")
        return first

    def _studio(self, options: dict[str, Any], asks: bool) -> None:
        shop, created = ShopSettings.objects.get_or_create(pk=1)
        for name in STUDIO_FIELDS:
            value = options[name]
            if not value and asks and created:
                label = name.replace("_", " ")
                value = input(f"{label} [{getattr(shop, name)}]: ").strip()
            if value:
                setattr(shop, name, value.replace("\\n", "\n"))
        try:
            shop.full_clean()
        except ValidationError as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
            ) from error
        shop.save()
        missing = [name for name in STUDIO_FIELDS if not getattr(shop, name)]
        self._say(f"The studio is called {shop.studio_name}.")
        if missing:
            self.stdout.write(
                self.style.WARNING(f"The law wants these shown too; add them in the admin: {', '.join(missing)}.")
            )

    def _bucket(self) -> None:
        """Writes, reads and deletes a small file, as the workers will."""
        try:
            storage.put_bytes("setup/check.txt", b"photoorders", "text/plain")
            readable = storage.read("setup/check.txt") == b"photoorders"
            storage.delete("setup/check.txt")
        except storage.StorageError as error:
            raise CommandError(
                f"The bucket {settings.AWS_STORAGE_BUCKET_NAME} does not work: {error}. See the AWS_ variables."
            ) from error
        if not readable:
            raise CommandError(
                f"The bucket {settings.AWS_STORAGE_BUCKET_NAME} gave back other bytes than were written."
            )
        self._say(f"The bucket {settings.AWS_STORAGE_BUCKET_NAME} can be written, read and cleared.")

    def _say(self, text: str) -> None:
        self.stdout.write(self.style.SUCCESS("✓ ") + text)
