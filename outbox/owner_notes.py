"""Short notes to the owner, in plain text: something needs a look. No customer's data in them."""

from django.conf import settings
from django.core.mail import EmailMessage

from outbox import message_ids
from outbox.network import refuse_open_transaction


def send(subject: str, text: str, *, key: str) -> None:
    """Sends one note; raises on SMTP errors, for the outbox to try again. `key` names what it is about: a note that a
    killed worker may have sent is repeated under the same Message-ID (C46)."""
    refuse_open_transaction()  # C42
    headers = {"Message-ID": message_ids.of(key), "Auto-Submitted": "auto-generated"}
    one_line = " ".join(subject.split())
    EmailMessage(one_line, text, settings.DEFAULT_FROM_EMAIL, [settings.OWNER_EMAIL], headers=headers).send()
