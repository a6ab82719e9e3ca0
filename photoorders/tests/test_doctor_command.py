"""`manage.py doctor` sends its test mail, and tells one trouble from another."""

import contextlib

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from local.fixtures import Bucket, Mailbox
from photoorders import doctor


@pytest.mark.parametrize(
    ("arguments", "recipient"), [([], "owner@example.test"), (["other@example.test"], "other@example.test")]
)
@pytest.mark.django_db
def test_the_test_mail_goes_to_the_owner_unless_told_otherwise(
    settings: LazySettings, mailbox: Mailbox, arguments: list[str], recipient: str
) -> None:
    """`doctor --send-test-email` needs no address: the owner's is known."""
    settings.OWNER_EMAIL = "owner@example.test"
    with contextlib.suppress(CommandError):  # what else is wrong on this machine is not asked here
        call_command("doctor", "--send-test-email", *arguments)
    assert [letter["To"] for letter in mailbox.messages()] == [recipient]


def test_a_test_mail_to_no_address_is_refused_before_anything_is_asked(
    mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="'nonsense' is no email address"):
        call_command("doctor", "--send-test-email", "nonsense")
    assert mailbox.messages() == []
    assert capsys.readouterr().out == ""


def found(name: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine() if finding.name == name)


def test_a_bucket_that_is_not_there_is_told_from_keys_that_are_refused(
    s3_bucket: Bucket, settings: LazySettings, db: None
) -> None:
    assert found("storage") == doctor.Finding("storage", True, f"bucket {s3_bucket.name}")
    settings.AWS_STORAGE_BUCKET_NAME = "elsewhere"
    finding = found("storage")
    assert (finding.ok, finding.what) == (False, "there is no bucket elsewhere")
    assert "AWS_STORAGE_BUCKET_NAME" in finding.mend
    settings.AWS_STORAGE_BUCKET_NAME = s3_bucket.name
    settings.AWS_SECRET_ACCESS_KEY = "wrong"
    finding = found("storage")
    assert (finding.ok, finding.what) == (False, f"the keys are refused for bucket {s3_bucket.name}")
    assert "AWS_SECRET_ACCESS_KEY" in finding.mend


def test_a_stripe_that_is_away_is_not_called_a_wrong_key(settings: LazySettings, db: None) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    finding = found("stripe")
    assert (finding.ok, finding.what) == (False, "Stripe does not answer (unavailable APIConnectionError)")
    assert "STRIPE_SECRET_KEY" not in finding.mend


def test_a_key_that_google_cannot_know_is_said(settings: LazySettings, db: None) -> None:
    settings.GOOGLE_MAPS_API_KEY = "nonsense"
    finding = found("google")
    assert (finding.ok, finding.what) == (False, "Google refuses the key")
    assert "GOOGLE_MAPS_API_KEY" in finding.mend
