"""The servers that tests ask for by fixture (conftest.py): each a real program, started when first asked for."""

import contextlib
import dataclasses
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import redis
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local import ports, s3, shop
from local.keeper import Orders
from local.kept import ROOT, Kept


def wait_until(condition: Callable[[], Any], *, seconds: float = 20, what: str = "the condition") -> Any:
    """Asks `condition` every 50 ms until it answers something true, and returns that. AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.05)
    return answer


class Program:
    """A program that a test may stop, kill and start again. Its output is kept in `log`."""

    def __init__(self, name: str, orders: Orders, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.orders = dataclasses.replace(orders, restart=False)
        self.log = folder / f"{name}.log"
        self.environment = environment or {}
        self.kept: Kept | None = None

    def start(self) -> None:
        if not self.running():
            with self.log.open("ab") as log:
                self.kept = Kept(self.name, self.orders, environment=self.environment, output=log)

    def running(self) -> bool:
        return self.kept is not None and self.kept.alive()

    def stop(self) -> None:
        """Ends it as an operator would, and waits."""
        if self.kept:
            self.kept.stop()

    def kill(self) -> None:
        """kill -9 of the program and of everything that it started, at once, as when the machine loses power."""
        if self.kept and self.kept.alive():
            for process in reversed(_descendants(self.kept.process.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.kept.process.wait()

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def _descendants(pid: int) -> list[int]:
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [found for child in children for found in (child, *_descendants(child))]


class Worker(Program):
    """A real Celery worker with all queues and the beat, on the tests' database and Redis."""

    def start(self) -> None:
        """Starts it if it does not run, and waits until it takes work."""
        if self.running():
            return
        super().start()
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            client.zrem("workers:alive", *(client.zrange("workers:alive", 0, -1) or [b"none"]))
            try:
                wait_until(lambda: client.zcard("workers:alive") or not self.running(), seconds=60, what="the worker")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{self.tail()}") from error
        if not self.running():
            raise AssertionError(f"the worker ended:\n{self.tail()}")


class Mailbox:
    """A mail server in a thread. It keeps what the shop sends; `refuse` makes it answer with an error instead."""

    def __init__(self, port: int) -> None:
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # its thread speaks also when pytest listens no more
        self.port = port
        self.refuse = ""  # for example "451 try later"
        self._messages: list[EmailMessage] = []
        self._lock = threading.Lock()
        self._controller: Controller | None = None

    def start(self) -> None:
        if self._controller is None:
            self._controller = Controller(self, hostname=ports.HOST, port=self.port, data_size_limit=60 * 2**20)
            self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuse:
            return self.refuse
        message = message_from_bytes(_bytes(envelope.content), policy=policy.default)
        with self._lock:
            self._messages.append(message)
        return "250 OK"

    def messages(self, to: str = "") -> list[EmailMessage]:
        """What has arrived, oldest first; only mail to the address `to` when given."""
        with self._lock:
            return [message for message in self._messages if to in str(message["To"])]

    def wait_for(self, count: int, timeout: float = 20, to: str = "") -> list[EmailMessage]:
        """Waits until at least `count` mails are there. AssertionError after `timeout` seconds."""
        wait_until(
            lambda: len(self.messages(to)) >= count,
            seconds=timeout,
            what=f"{count} mails, {len(self.messages(to))} came",
        )
        return self.messages(to)

    def clear(self) -> None:
        with self._lock:
            self._messages.clear()
        self.refuse = ""


def _bytes(content: bytes | str | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""


class Bucket:
    """The bucket of the tests' S3 server. `server` can be stopped and started again; what was stored stays."""

    def __init__(self, folder: Path) -> None:
        self.name = os.environ["AWS_STORAGE_BUCKET_NAME"]
        definition = s3.Server(
            folder / "s3",
            int(os.environ["PHOTOORDERS_TEST_S3_PORT"]),
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
        )
        self.server = Program("s3", definition.orders(), folder, definition.environment())
        self.client = s3.client(definition.url, definition.key_id, definition.secret, os.environ["AWS_S3_REGION_NAME"])

    def start(self) -> None:
        self.server.start()
        s3.ensure_bucket(self.client, self.name, os.environ["AWS_S3_REGION_NAME"])

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def read(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())

    def empty(self) -> None:
        for key in self.keys():
            self.client.delete_object(Bucket=self.name, Key=key)


class Sandbox:
    """The stand-ins for Stripe and Google, as a process. Webhooks go to SITE_URL, where `live_shop` listens."""

    def __init__(self, folder: Path) -> None:
        self.url = os.environ["STRIPE_API_BASE"]
        port = int(os.environ["PHOTOORDERS_TEST_SANDBOX_PORT"])
        self.smtp_port = ports.any_free()
        options = ["--port", str(port), "--state", str(folder / "sandbox"), "--smtp-port", str(self.smtp_port)]
        options += [
            "--webhook-url",
            f"{os.environ['SITE_URL']}/webhooks/stripe/",
            "--webhook-secret",
            os.environ["STRIPE_WEBHOOK_SECRET"],
        ]
        self.program = Program("sandbox", Orders([sys.executable, "-m", "sandbox", *options]), folder)
        self.state = folder / "sandbox"

    def start(self) -> None:
        self.program.start()
        wait_until(self._answers, seconds=30, what=f"the sandbox\n{self.program.tail()}")

    def call(self, path: str, **body: Any) -> Any:
        """The control API (sandbox/README.md): call("faults", latency=2.0), call(f"sessions/{id}/pay", card="4242…")."""
        answer = requests.post(f"{self.url}/sandbox/{path}", json=body, timeout=30)
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """Forgets everything and behaves well again."""
        requests.post(f"{self.url}/sandbox/reset", json={}, timeout=30).raise_for_status()

    def _answers(self) -> bool:
        try:
            return requests.get(self.url, timeout=2).status_code < 500
        except requests.RequestException:
            return False


@dataclasses.dataclass
class LiveShop:
    """The whole shop, as customers meet it: gunicorn, worker with beat, S3, stand-ins, mail."""

    url: str
    web: Program
    worker: Worker
    bucket: Bucket
    sandbox: Sandbox
    mailbox: Mailbox

    def start_web(self) -> None:
        """Starts the web server if it does not run, and waits until it answers."""
        self.web.start()
        wait_until(self._answers, seconds=60, what="the web server")

    def _answers(self) -> bool:
        if not self.web.running():
            raise AssertionError(f"the web server ended:\n{self.web.tail()}")
        try:
            return requests.get(f"{self.url}/health/live", timeout=5).status_code == 200
        except requests.RequestException:
            return False


def web_program(folder: Path, environment: dict[str, str]) -> Program:
    return Program("web", shop.web(), folder, {**environment, "HOST": ports.HOST})


def collect_static() -> None:
    """Static files as production serves them, by a process with production's settings."""
    subprocess.run([sys.executable, "-m", "local.static_files"], cwd=ROOT, check=True)


def let_finish(worker: Worker, seconds: float = 15) -> None:
    """Waits until no outbox message is being worked on, so that a test's last task meets no emptied tables."""
    from django.utils import timezone

    from outbox.models import OutboxMessage

    deadline = time.monotonic() + seconds
    while worker.running() and time.monotonic() < deadline:
        if not OutboxMessage.objects.filter(
            state="pending", lease__isnull=False, leased_until__gt=timezone.now()
        ).exists():
            return
        time.sleep(0.05)


@contextlib.contextmanager
def stopped_afterwards(*programs: Program) -> Iterator[None]:
    try:
        yield
    finally:
        for program in programs:
            program.stop()
