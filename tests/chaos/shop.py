"""The whole shop in processes of its own that may be killed: PostgreSQL, two Redis servers, S3, mail, the stand-ins,
gunicorn and two workers, each with a beat, so that two relays run all the time (C47).

Nothing of the shop's code is imported: what is looked at is what an operator could look at, rows and objects.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis
import requests

from local import fixtures, ports, postgres, programs, redis_server, s3, shop
from local.fixtures import Program, wait_until
from local.keeper import Orders
from local.kept import ROOT

BUCKET = "photoorders-chaos"
DURABLE_REDIS = ('save ""', "appendonly yes", "appendfsync everysec")  # kill -9 of the program alone loses nothing
SETTINGS: tuple[str, ...] = ("fsync=off",)  # kill -9 of the programs needs no disk; commits still reach the kernel
# Every payment of the shop, of orders and of links, in one shape; and every refund.
VIEWS = """
    CREATE VIEW every_payment AS
    SELECT a.state, a.session_id, a.intent_id, a.received_cents, a.refunded_cents, a.currency, o.number AS of,
           o.paid_at IS NOT NULL AS booked
      FROM payments_paymentattempt a JOIN orders_order o ON o.id = a.order_id
    UNION ALL
    SELECT state, session_id, intent_id, received_cents, refunded_cents, currency, public_id, true FROM payments_linkpayment;
    CREATE VIEW every_refund AS
    SELECT public_id, provider_id, state, amount_cents FROM payments_refund
    UNION ALL
    SELECT public_id, provider_id, state, amount_cents FROM payments_linkrefund;
"""
LONG = int(os.environ.get("CHAOS_PURCHASES", "10")) >= 100  # `make chaos`; the suite takes a bounded part
WEB, FIRST, SECOND = "web", "worker-1", "worker-2"


class Shop:
    """Start with `start()`; `programs` holds every process by name."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)  # PostgreSQL may run as another user
        self.folder = folder
        self.password = secrets.token_urlsafe(12)
        self.port, self.sandbox_port, self.s3_port, self.mail_port = (ports.any_free() for _unused in range(4))
        self.url = f"http://127.0.0.1:{self.port}"
        self.stripe = f"http://127.0.0.1:{self.sandbox_port}"
        self.programs: dict[str, Program] = {}
        self.mailbox = fixtures.Mailbox(self.mail_port)
        self.redis = self._redis("redis")
        self.broker = self._redis("broker")
        self.database = ""
        self.environment: dict[str, str] = {}
        self.pondering: set[int] = set()  # customers who look at Stripe's page for a while
        self.payment_link = ""  # one that can be paid by many
        self.s3 = s3.Server(folder / "s3", self.s3_port, "photoorders-chaos", "photoorders-chaos-secret")
        self.bucket = s3.client(self.s3.url, self.s3.key_id, self.s3.secret, "eu-west-1")

    def start(self) -> None:
        self._start_postgres()
        for name, server in (("redis", self.redis), ("broker", self.broker)):
            server.prepare()
            self.programs[name] = Program(name, server.orders(), self.folder)
        self.programs["s3"] = Program("s3", self.s3.orders(), self.folder, self.s3.environment())
        self.environment = self._environment()
        self.programs["sandbox"] = Program("sandbox", self._sandbox(), self.folder)
        self.programs[WEB] = Program(WEB, shop.web(), self.folder, {**self.environment, "HOST": ports.HOST})
        for name in (FIRST, SECOND):
            orders = shop.worker(name, shop.ALL_QUEUES, beat_file=self.folder / f"{name}-beat")
            self.programs[name] = Program(name, orders, self.folder, self.environment)
        self.mailbox.start()
        for name in ("redis", "broker", "s3", "sandbox"):
            self.programs[name].start()
        self.redis.wait(20)
        self.broker.wait(20)
        s3.ensure_bucket(self.bucket, BUCKET, "eu-west-1")
        fixtures.collect_static()
        self.manage("migrate", "--verbosity", "0")
        self.change(VIEWS)
        self.manage("shell", "--verbosity", "0", "-c", "from orders.catalogue import *; install_default_catalogue()")
        self.heal()

    def heal(self) -> None:
        """Everything runs again and behaves well."""
        for program in self.programs.values():
            send(program, signal.SIGCONT)
            program.start()
        self.mailbox.start()
        self.mailbox.refuse = ""
        wait_until(self.answers, seconds=90, what=f"the shop\n{self.programs[WEB].tail()}")
        self.misbehave(clear=True)

    def stop(self) -> None:
        for program in reversed(list(self.programs.values())):
            send(program, signal.SIGCONT)
            program.stop()
        self.mailbox.stop()

    def answers(self) -> bool:
        """Whether a customer could order now."""
        try:
            ready = requests.get(f"{self.url}/health/ready", timeout=5).status_code == 200
            return ready and requests.get(f"{self.stripe}/sandbox/faults", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        answer = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **self.environment}, capture_output=True, text=True, timeout=180
        )
        assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-4000:]
        return answer.stdout

    def misbehave(self, **switches: Any) -> None:
        """The stand-ins' faults (sandbox/README.md)."""
        self.sandbox("faults", **switches)

    def sandbox(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.stripe}/sandbox/{path}", json=body, timeout=20)
        return answer.json() if answer.content else None

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.stripe}/sandbox/objects/{kind}", timeout=60).json())

    @contextlib.contextmanager
    def connected(self) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        with psycopg.connect(self.database, connect_timeout=5) as connection:
            yield connection

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def change(self, query: str, *values: object) -> None:
        with self.connected() as connection:
            connection.execute(query.encode(), values)

    def empty(self, server: redis_server.Server) -> None:
        with redis.Redis.from_url(server.url, socket_timeout=10) as client:
            client.flushall()

    def stored(self) -> list[str]:
        pages = self.bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def read(self, key: str) -> bytes:
        return bytes(self.bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def _redis(self, name: str) -> redis_server.Server:
        program = programs.redis_servers()[0]
        return redis_server.Server(program, self.folder / name, ports.any_free(), self.password, DURABLE_REDIS)

    def _start_postgres(self) -> None:
        problems = []
        for number, server in enumerate(
            postgres.candidates(self.folder / "postgres" / "data", ports.any_free(), self.password, SETTINGS)
        ):
            program = Program("postgres", server.orders(), self.folder)
            try:
                server.prepare()
                program.start()
                server.wait(20)
            except postgres.CannotStart as error:
                problems.append(f"{number}: {error}")
                program.stop()
                continue
            self.programs["postgres"], self.database = program, server.url
            return
        raise AssertionError(f"no PostgreSQL: {problems}")

    def _sandbox(self) -> Orders:
        options = ["--port", str(self.sandbox_port), "--state", str(self.folder / "sandbox")]
        options += ["--smtp-port", str(ports.any_free()), "--webhook-url", f"{self.url}/webhooks/stripe/"]
        options += ["--webhook-secret", os.environ["STRIPE_WEBHOOK_SECRET"]]
        return Orders([sys.executable, "-m", "sandbox", *options])

    def _environment(self) -> dict[str, str]:
        metrics = self.folder / "metrics"
        metrics.mkdir(exist_ok=True)
        return {
            "DATABASE_URL": self.database,
            "REDIS_URL": self.redis.url,
            "PHOTOS_REDIS_URL": self.redis.url,
            "CELERY_BROKER_URL": self.broker.url,
            "PORT": str(self.port),
            "SITE_URL": self.url,
            "STRIPE_API_BASE": self.stripe,
            "STRIPE_TIMEOUT_SECONDS": "4",
            "GOOGLE_MAPS_BASE_URL": self.stripe,
            "AWS_ACCESS_KEY_ID": self.s3.key_id,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret,
            "AWS_STORAGE_BUCKET_NAME": BUCKET,
            "AWS_S3_ENDPOINT_URL": self.s3.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail_port}",
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "OUTBOX_SWEEP_SECONDS": "1",
            "INBOX_SWEEP_SECONDS": "1",
            "LOG_LEVEL": "INFO",
        }


def send(program: Program, what: signal.Signals) -> None:
    """Sends a signal to the program and all that it started, but not to its keeper."""
    if program.running() and program.kept is not None:
        for process in fixtures._descendants(program.kept.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, what)
