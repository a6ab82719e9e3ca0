"""Fixtures for every app's tests. Everything is real: PostgreSQL, Redis, S3, mail, Celery, gunicorn; only Stripe and
Google are stand-ins (sandbox/), in a process of their own.

`local/testrun.py` (loaded by pyproject.toml before Django's settings) puts every address into the environment, so
settings hold the right ones from the start; a server is started when a test first asks for its fixture, and kept for
the whole run. Each test begins with an empty Redis (automatic), an empty bucket and an empty mailbox.

  s3_bucket   an S3 server: .keys(prefix), .read(key), .client (boto3), .name; .server.stop() and .start() for an outage
  mailbox     a mail server: .messages(to=""), .wait_for(count, timeout=20, to=""), .clear(); .refuse = "451 later"
  sandbox     the stand-ins, empty and well-behaved: .url, .call("faults", latency=2.0) and the like (sandbox/README.md);
              its webhooks go to settings.SITE_URL, where only `live_shop` listens
  worker      a real Celery worker (all queues, two processes, beat with a sweep every second) on the test database:
              .kill() (kill -9), .stop(), .start(), .tail() of its log. Needs real transactions, which it asks for itself
  live_shop   the whole shop under gunicorn at .url with .worker, .bucket, .sandbox, .mailbox, .web (.kill(), .stop();
              .start_web() again), the default price list installed; for browser tests and walks over HTTP
  wait_until  wait_until(condition, seconds=20, what="…") asks until true and returns the answer

Settings changed with pytest-django's `settings` reach this process only, not the worker or the web server.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation

from local import check_tests, fixtures, services, shop

WITH_A_WORKER = {"worker", "live_shop"}
MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with the real worker come last, and browsers at the very end: the worker, once started, runs on to the end
    and would take work that other tests mean to do themselves. Within each group the order stays random."""
    items.sort(
        key=lambda item: (
            bool(WITH_A_WORKER & set(getattr(item, "fixturenames", ()))),
            "page" in getattr(item, "fixturenames", ()),
        )
    )


@pytest.fixture(autouse=True)
def portuguese() -> None:
    """No test inherits another's language."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(scope="session", autouse=True)
def emptied_tables() -> Iterator[None]:
    """After a transactional test Django truncates every table, and fills in content types and permissions again, which
    takes longer than most tests. Here the tables that hold rows are truncated, and those two stay as they are.

    The histories' triggers (orders/models/append_only.py) let this one call of this process by, and nothing else: not a
    test, and not the worker or web server that it starts."""

    @pgtrigger.ignore(
        "orders.OrderEvent:no_truncate", "payments.PaymentEvent:no_truncate", "payments.LinkEvent:no_truncate"
    )
    def empty(_case: TransactionTestCase) -> None:
        tables = set(connection.introspection.django_table_names(only_existing=True)) - MADE_BY_MIGRATE
        looks = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(looks)
            filled = ", ".join(table for (table,) in cursor.fetchall())
            if filled:
                cursor.execute(f"TRUNCATE {filled} CASCADE")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(autouse=True)
def empty_redis() -> None:
    """Each test starts with an empty Redis database, claimed for this run by local/services.py."""
    services.empty_database(os.environ["REDIS_URL"])
    cache.clear()


@pytest.fixture(autouse=True)
def closed_breakers() -> None:
    """Each test begins with all well: an earlier one may have looked for Stripe or Google where neither was."""
    from addresses import google
    from payments import gateway

    gateway.breaker.close()
    google.breaker.close()


@pytest.fixture(scope="session")
def service_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("services")


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    return fixtures.wait_until


@pytest.fixture(scope="session")
def s3_server(service_folder: Path) -> Iterator[fixtures.Bucket]:
    bucket = fixtures.Bucket(service_folder)
    with fixtures.stopped_afterwards(bucket.server):
        yield bucket


@pytest.fixture
def s3_bucket(s3_server: fixtures.Bucket) -> fixtures.Bucket:
    s3_server.start()
    s3_server.empty()
    return s3_server


@pytest.fixture(scope="session")
def mail_server() -> Iterator[fixtures.Mailbox]:
    server = fixtures.Mailbox(int(os.environ["EMAIL_URL"].rsplit(":", 1)[1]))
    yield server
    server.stop()


@pytest.fixture
def mailbox(mail_server: fixtures.Mailbox, settings: Any) -> fixtures.Mailbox:
    """Django's test runner swaps the mail backend for one in memory; here mail goes out by SMTP."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    mail_server.start()
    mail_server.clear()
    return mail_server


@pytest.fixture(scope="session")
def sandbox_server(service_folder: Path) -> Iterator[fixtures.Sandbox]:
    server = fixtures.Sandbox(service_folder)
    with fixtures.stopped_afterwards(server.program):
        yield server


@pytest.fixture
def sandbox(sandbox_server: fixtures.Sandbox) -> fixtures.Sandbox:
    sandbox_server.start()
    sandbox_server.reset()
    return sandbox_server


@pytest.fixture(scope="session")
def process_environment(service_folder: Path, django_db_setup: None) -> dict[str, str]:
    """What the shop's own processes get besides this one's environment: the test database's name, a metrics folder."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + str(connection.settings_dict["NAME"])
    metrics = service_folder / "metrics"
    metrics.mkdir(exist_ok=True)
    return {"DATABASE_URL": url, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}


@pytest.fixture(scope="session")
def worker_process(service_folder: Path, process_environment: dict[str, str]) -> Iterator[fixtures.Worker]:
    orders = shop.worker("tests", shop.ALL_QUEUES, beat_file=service_folder / "beat")
    process = fixtures.Worker("worker", orders, service_folder, process_environment)
    with fixtures.stopped_afterwards(process):
        yield process


@pytest.fixture
def worker(worker_process: fixtures.Worker, transactional_db: None) -> Iterator[fixtures.Worker]:
    worker_process.start()
    yield worker_process
    fixtures.let_finish(worker_process)


@pytest.fixture(scope="session")
def static_files() -> None:
    fixtures.collect_static()


@pytest.fixture(scope="session")
def web_process(
    service_folder: Path, process_environment: dict[str, str], static_files: None
) -> Iterator[fixtures.Program]:
    process = fixtures.web_program(service_folder, process_environment)
    with fixtures.stopped_afterwards(process):
        yield process


@pytest.fixture
def live_shop(
    web_process: fixtures.Program,
    worker: fixtures.Worker,
    s3_bucket: fixtures.Bucket,
    sandbox: fixtures.Sandbox,
    mailbox: fixtures.Mailbox,
) -> fixtures.LiveShop:
    from orders.catalogue import install_default_catalogue

    install_default_catalogue()
    running = fixtures.LiveShop(os.environ["SITE_URL"], web_process, worker, s3_bucket, sandbox, mailbox)
    running.start_web()
    return running


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """A Chromium on PATH if there is one, else the one that Playwright installed."""
    found = check_tests.on_path()
    arguments = {"args": ["--no-sandbox", "--disable-dev-shm-usage"]} if os.geteuid() == 0 else {}
    return {**browser_type_launch_args, **arguments, **({"executable_path": found} if found else {})}
