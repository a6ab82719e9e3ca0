"""Caught mails as .eml files, with their envelope in two headers of our own, and an SMTP server that fills the box."""

import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

LARGEST = 64 * 1024 * 1024  # bytes
ENVELOPE_FROM, ENVELOPE_TO = "X-Envelope-From", "X-Envelope-To"


@dataclass(frozen=True)
class Part:
    """A leaf of the message, numbered in order."""

    number: int
    content_type: str
    filename: str
    cid: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    id: str
    path: Path

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.path.read_bytes(), policy=policy.default)

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(int(self.id.split("-")[0]) / 1e9, UTC)


class Box:
    """The mails of one directory, newest first. Safe to use from several threads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def put(self, sender: str, recipients: list[str], content: bytes) -> str:
        mail_id = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        head = f"{ENVELOPE_FROM}: {sender}\r\n{ENVELOPE_TO}: {', '.join(recipients)}\r\n".encode()
        unfinished = self.directory / f".{mail_id}"
        unfinished.write_bytes(head + content)
        unfinished.replace(self.directory / f"{mail_id}.eml")
        return mail_id

    def all(self, recipient: str = "", limit: int = 0) -> list[Mail]:
        """Newest first; those to an address that contains `recipient`, when given."""
        found = []
        for path in sorted(self.directory.glob("*.eml"), reverse=True):
            mail = Mail(path.stem, path)
            if recipient.lower() in _envelope(path).lower():
                found.append(mail)
            if limit and len(found) == limit:
                break
        return found

    def get(self, mail_id: str) -> Mail | None:
        path = self.directory / f"{mail_id}.eml"
        return Mail(mail_id, path) if path.parent == self.directory and path.is_file() else None

    def empty(self) -> int:
        with self._lock:
            mails = list(self.directory.glob("*.eml"))
            for path in mails:
                path.unlink(missing_ok=True)
            return len(mails)


def _envelope(path: Path) -> str:
    with path.open("rb") as file:
        return b"".join(file.readline(65536) for _ in range(2)).decode(errors="replace")


def parts(message: EmailMessage) -> list[Part]:
    found: list[Part] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        cid = str(part.get("Content-ID", "")).strip().strip("<>")
        body = content if isinstance(content, bytes) else b""
        found.append(Part(len(found), part.get_content_type(), part.get_filename() or "", cid, body))
    return found


def body(message: EmailMessage, kind: str) -> str:
    """The text of the "plain" or "html" body, or ""."""
    part = message.get_body((kind,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


class Catcher:
    """The SMTP server, in a thread of its own."""

    def __init__(self, box: Box, host: str, port: int) -> None:
        self._box = box
        self._controller = Controller(self, hostname=host, port=port, data_size_limit=LARGEST, enable_SMTPUTF8=True)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self._box.put(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content or envelope.content)
        return "250 Message caught"
