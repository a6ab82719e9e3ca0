"""`manage.py doctor` sends its test mail."""

import contextlib

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.management import CommandError, call_command


@pytest.mark.parametrize(
    ("arguments", "recipient"), [([], "owner@example.test"), (["other@example.test"], "other@example.test")]
)
@pytest.mark.django_db
def test_the_test_mail_goes_to_the_owner_unless_told_otherwise(
    settings: LazySettings, arguments: list[str], recipient: str
) -> None:
    """`doctor --send-test-email` needs no address: the owner's is known."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.OWNER_EMAIL = "owner@example.test"
    with contextlib.suppress(CommandError):  # what else is wrong on this machine is not asked here
        call_command("doctor", "--send-test-email", *arguments)
    assert [letter.to for letter in mail.outbox] == [[recipient]]
