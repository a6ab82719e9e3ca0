"""Handing one email to the mail server: its MIME form, its headers, and what the server's refusals mean."""

import contextlib
import email.message
import smtplib
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import formatdate, parseaddr

from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from orders import mail_headers
from outbox.network import refuse_open_transaction

SENDER_PROBLEMS = (smtplib.SMTPSenderRefused, smtplib.SMTPDataError)


class MailUnavailable(Exception):
    """The mail server is away, slow, or asks to come back later: trying again helps."""


class Refused(Exception):
    """The address does not exist or the mail is not wanted: trying again cannot help."""


@dataclass(frozen=True)
class Attachment:
    filename: str
    content_type: str
    data: bytes


@dataclass
class Mail:
    """An email with a text and an HTML form; `images` are shown inline by their content id, JPEG or PNG."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    language: str
    to_name: str = ""
    reply_to: str = ""
    images: dict[str, bytes] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)


def send(letter: Mail) -> None:
    """Hands the mail over; returns once the server took it. Raises MailUnavailable or Refused.

    A server that finds it too large gets it again without the attachments.
    """
    try:
        _hand_over(letter)
    except SENDER_PROBLEMS as error:
        if error.smtp_code < 500:
            raise MailUnavailable(str(error.smtp_code)) from error
        if not letter.attachments:
            raise Refused(f"the mail server refuses the mail: {error.smtp_code}") from error
        letter.attachments = []
        send(letter)
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _reply in error.recipients.values()})
        if all(code >= 500 for code in codes):
            raise Refused(f"the mail server refuses the recipient: {codes}") from error
        raise MailUnavailable(str(codes)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailUnavailable(f"{type(error).__name__}: {getattr(error, 'smtp_code', '')}") from error


def mime(letter: Mail) -> email.message.EmailMessage:
    """The whole message: text beside HTML with its images, then attachments. No value can add a header or a recipient."""
    message = email.message.EmailMessage(policy=mail_headers.SMTP)
    message["Subject"] = _one_line(letter.subject)
    message["From"] = _address(*parseaddr(settings.DEFAULT_FROM_EMAIL))
    message["To"] = _address(_one_line(letter.to_name), letter.to)
    with contextlib.suppress(Refused):  # what stands in a mail may be wrong; it is read all the same
        if letter.reply_to:
            message["Reply-To"] = _address("", letter.reply_to)
    message["Date"] = formatdate()
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    parts = message.get_payload()
    html = parts[1] if isinstance(parts, list) else None
    for cid, image in letter.images.items():
        if isinstance(html, email.message.EmailMessage):
            kind = image_type(image)
            html.add_related(
                image,
                "image",
                kind,
                cid=f"<{cid}>",
                filename=f"{cid}.{'png' if kind == 'png' else 'jpg'}",
                disposition="inline",
            )
    for attachment in letter.attachments:
        kind, _slash, subtype = attachment.content_type.partition("/")
        message.add_attachment(
            attachment.data, kind, subtype or "octet-stream", filename=_one_line(attachment.filename)
        )
    message["Content-Language"] = letter.language  # last: building the parts moves Content-* headers into the first
    return message


def image_type(image: bytes) -> str:
    """Of an inline image, as in image/jpeg."""
    return "png" if image.startswith(b"\x89PNG") else "jpeg"


class _Ready(mail.EmailMessage):
    """Django's mail backends take this; the message inside is the standard library's, which nests its parts properly."""

    def __init__(self, letter: Mail) -> None:
        super().__init__(_one_line(letter.subject), letter.text, settings.DEFAULT_FROM_EMAIL, [letter.to])
        self.built = mime(letter)

    def message(self) -> "_Bytes":  # type: ignore[override]  # smtplib needs its bytes alone
        return _Bytes(self.built)


class _Bytes:
    """What a backend asks of a message: its bytes."""

    def __init__(self, message: email.message.EmailMessage) -> None:
        self._message = message

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\r\n") -> bytes:
        return self._message.as_bytes(unixfrom, mail_headers.SMTP.clone(linesep=linesep))

    def __getattr__(self, name: str) -> object:
        return getattr(self._message, name)


def _hand_over(letter: Mail) -> None:
    refuse_open_transaction()  # C42
    mail.get_connection().send_messages([_Ready(letter)])


def _address(name: str, address: str) -> Address:
    try:
        validate_email(address)
        return Address(display_name=name, addr_spec=_ascii_domain(address))
    except (ValidationError, ValueError) as error:
        raise Refused("not an email address") from error


def _ascii_domain(address: str) -> str:
    local, _at, domain = address.rpartition("@")
    local.encode("ascii")  # UnicodeEncodeError is a ValueError: such mailboxes need a server that few have
    return f"{local}@{domain.encode('idna').decode()}"


def _one_line(value: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())
