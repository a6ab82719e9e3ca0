"""Notes to the owner, as they leave."""

from typing import Any

from django.core import mail

from outbox import owner_notes


def test_a_note_that_may_have_been_sent_is_repeated_under_the_same_message_id(settings: Any, mailoutbox: Any) -> None:
    """C46: a worker killed between the mail server's answer and our mark sends again; the owner's reader shows one."""
    settings.OWNER_EMAIL, settings.DEFAULT_FROM_EMAIL = "dona@example.test", "Estúdio <loja@example.test>"
    for key in ("pay_1.dispute.dp_1.lost", "pay_1.dispute.dp_1.lost", "pay_1.dispute.dp_2.ção"):
        owner_notes.send("A dispute\n was lost", "Have a look.", key=key)
    first, again, other = mail.outbox
    assert first.extra_headers["Message-ID"] == "<pay_1.dispute.dp_1.lost@example.test>"
    assert again.message()["Message-ID"] == first.message()["Message-ID"]
    assert other.message()["Message-ID"] == "<pay_1.dispute.dp_2.-C3-A7-C3-A3o@example.test>"
    assert (first.subject, first.to) == ("A dispute was lost", ["dona@example.test"])
    assert first.message()["Auto-Submitted"] == "auto-generated"
