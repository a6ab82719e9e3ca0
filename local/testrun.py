"""A pytest plugin, loaded before Django's settings: gives the test run its servers and its addresses.

PostgreSQL and Redis are found or started now. S3, the stand-ins, mail and the web server get their ports now, so that
settings know the addresses, and are started by the fixtures that need them (conftest.py). Whatever keys the
developer's environment or .env holds for Stripe, Google, S3 or mail is overruled: tests reach nothing outside.
"""

import os
import sys

import pytest

from local import services
from local.messages import compile_messages
from local.ports import any_free, past_proxies

STRIPE_TEST_KEY = "STRIPE_SECRET_KEY_FOR_TESTS"  # the developer's own, kept for `make test-stripe`


def pytest_addoption(parser: pytest.Parser) -> None:
    """The earliest hook there is: it runs before pytest-django reads the settings."""
    if not {"-h", "--help", "--version", "-V", "--fixtures", "--markers"} & set(sys.argv):
        os.environ.update(environment())


SERVICE_FIXTURES = {"s3_bucket", "mailbox", "sandbox", "worker", "live_shop"}
_skipped: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they use, so that `make test-unit` and the like need no lists."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & SERVICE_FIXTURES:
            item.add_marker("services")
        if "page" in fixtures or "browser" in fixtures:
            item.add_marker("browser")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CI=true a skipped test fails the run: nothing may be left out."""
    if os.environ.get("CI") == "true" and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI") == "true" and _skipped:
        terminalreporter.write_line(
            f"CI=true: {len(_skipped)} skipped tests fail the run: {', '.join(_skipped)}", red=True
        )


def environment() -> dict[str, str]:
    """Every variable that the tests' own processes and settings are given."""
    compile_messages()
    site, sandbox, s3 = any_free(), any_free(), any_free()
    redis_url = services.redis_url()
    return {
        **past_proxies(),
        "DATABASE_URL": services.postgres_url(),
        "REDIS_URL": redis_url,
        "PHOTOS_REDIS_URL": redis_url,
        "CELERY_BROKER_URL": redis_url,
        "DEBUG": "0",
        "DEMO": "1",
        "SECRET_KEY": "a-key-for-tests-that-guards-nothing",
        "PORT": str(site),
        "SITE_URL": f"http://127.0.0.1:{site}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
        "TRUSTED_PROXIES": "",
        "CORS_ALLOWED_ORIGINS": "",
        "STRIPE_SECRET_KEY": "sk_test_photoorders",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_photoorders",
        "STRIPE_WEBHOOK_SECRET": "whsec_photoorders_tests",
        "STRIPE_API_BASE": f"http://127.0.0.1:{sandbox}",
        "GOOGLE_MAPS_API_KEY": "AIzaPhotoordersTests",
        "GOOGLE_MAPS_BASE_URL": f"http://127.0.0.1:{sandbox}",
        "AWS_ACCESS_KEY_ID": "photoorders-tests",
        "AWS_SECRET_ACCESS_KEY": "photoorders-tests-secret",
        "AWS_STORAGE_BUCKET_NAME": "photoorders-tests",
        "AWS_S3_REGION_NAME": "eu-west-1",
        "AWS_S3_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
        "EMAIL_URL": f"smtp://127.0.0.1:{any_free()}",
        "OWNER_EMAIL": "owner@example.test",
        "METRICS_TOKEN": "",
        "LOG_LEVEL": "INFO",
        "OUTBOX_SWEEP_SECONDS": "1",
        "SHOWN_SECONDS": "0",  # a web process shows at once what a test has changed
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright's loop runs in the tests' thread
        STRIPE_TEST_KEY: os.environ.get(STRIPE_TEST_KEY) or os.environ.get("STRIPE_SECRET_KEY", ""),
        "PHOTOORDERS_TEST_S3_PORT": str(s3),
        "PHOTOORDERS_TEST_SANDBOX_PORT": str(sandbox),
    }
