"""What a task's failure keeps for the owner to see names nobody (C61)."""

import smtplib

import pytest
from django.db import transaction

from outbox import services, tasks
from outbox.models import OutboxMessage
from outbox.scrubbing import scrub
from outbox.tasks import GiveUp

pytestmark = pytest.mark.django_db(transaction=True)


def refused() -> None:
    """What smtplib really says of a mailbox that does not exist: it names it, and so may the server's answer."""
    try:
        raise smtplib.SMTPRecipientsRefused(
            {"maria.joao+fotos@example.test": (550, b"5.1.1 <maria.joao+fotos@example.test>: no such mailbox")}
        )
    except smtplib.SMTPRecipientsRefused as error:
        raise GiveUp("the mail server refuses the recipient: [550]") from error


def test_a_mailbox_that_the_server_refuses_is_named_nowhere() -> None:
    """C61, O8: the message that gave up is kept until somebody retries it; why it gave up stays readable."""
    with transaction.atomic():
        message = services.enqueue("t", key="k")
    tasks.run_message(message.pk, refused)
    row = OutboxMessage.objects.get()
    assert row.state == OutboxMessage.State.FAILED
    assert "maria" not in row.last_error
    assert (
        "smtplib.SMTPRecipientsRefused: {'[removed]': (550, b'5.1.1 <[removed]>: no such mailbox')}" in row.last_error
    )
    assert "GiveUp: the mail server refuses the recipient: [550]" in row.last_error


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("  @wraps(function)", "  @wraps(function)"),
        ("x = left @ right", "x = left @ right"),
        ("redis://:secret@127.0.0.1:6379/0", "redis://:[removed]:6379/0"),
        ("to=ana@example.test, cc", "to=[removed], cc"),
    ],
)
def test_only_addresses_are_cut_out(line: str, kept: str) -> None:
    """C61: a traceback's source lines stay as they are."""
    assert scrub(f"Traceback\n{line}\n") == f"Traceback\n{kept}\n"


def test_a_long_text_is_scrubbed_in_no_time() -> None:
    """A megabyte without an address, and one with many."""
    for text in ("a" * 1_000_000 + "\n@", "a@b.pt\n" * 100_000):
        assert "a@" not in scrub(text)
