"""The checks that stop a misconfigured production start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

ROOT = Path(__file__).resolve().parents[2]

REAL = {
    "DEMO": False,
    "DEBUG": False,
    "SECRET_KEY": "k" * 60,
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRETS": ["whsec_x"],
    "STRIPE_API_BASE": "",
    "GOOGLE_MAPS_API_KEY": "AIzaX",
    "GOOGLE_MAPS_BASE_URL": "https://maps.googleapis.com",
    "SECURE": True,
    "OWNER_EMAIL": "dona@estudio.pt",
    "DEFAULT_FROM_EMAIL": "loja@estudio.pt",
    "METRICS_TOKEN": "t",
    "PHOTOS_REDIS_URL": "redis://photos/0",
}


def found(settings: Settings, **changes: object) -> set[str]:
    for name, value in (REAL | changes).items():
        setattr(settings, name, value)
    return {str(m.id) for m in run_checks(include_deployment_checks=True) if str(m.id).startswith("photoorders.E")}


def test_a_complete_production_setting_passes(settings: Settings) -> None:
    assert found(settings) == set()


def test_missing_secrets_are_errors(settings: Settings) -> None:
    wrong = found(settings, SECRET_KEY="short", STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRETS=[], GOOGLE_MAPS_API_KEY="")
    assert wrong == {"photoorders.E001", "photoorders.E002", "photoorders.E003", "photoorders.E004"}


def test_the_sandbox_is_refused_in_production(settings: Settings) -> None:
    wrong = found(settings, STRIPE_API_BASE="http://127.0.0.1:9000", GOOGLE_MAPS_BASE_URL="http://127.0.0.1:9000")
    assert wrong == {"photoorders.E010", "photoorders.E011"}


@pytest.mark.parametrize("key", ["sk_live_…", "pk_live_x", "sk_live_x y"])
def test_what_is_no_secret_key_of_stripes_is_an_error(settings: Settings, key: str) -> None:
    """The example's placeholder, the other key of the pair, and a slip of the mouse."""
    assert found(settings, STRIPE_SECRET_KEY=key) == {"photoorders.E007"}
    assert found(settings, STRIPE_SECRET_KEY="rk_live_x") == set()


def test_the_payment_element_needs_the_publishable_key(settings: Settings) -> None:
    assert found(settings, PAYMENT_PAGE="elements", STRIPE_PUBLISHABLE_KEY="") == {"photoorders.E008"}
    assert found(settings, PAYMENT_PAGE="elements", STRIPE_PUBLISHABLE_KEY="pk_live_x") == set()


def test_the_demo_is_let_off(settings: Settings) -> None:
    assert found(settings, DEMO=True, SECRET_KEY="short") == set()


def test_a_process_with_unsafe_settings_does_not_start() -> None:
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    start = subprocess.run(
        [sys.executable, "-c", "import photoorders.wsgi"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert start.returncode == 78
    assert "SECRET_KEY is missing or too short" in start.stderr
    assert "STRIPE_SECRET_KEY is missing" in start.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["-m", "gunicorn", "--config", "photoorders/gunicorn.py", "--check-config", "photoorders.wsgi:application"],
        ["-c", "import photoorders.wsgi"],
        ["-m", "celery", "--app", "photoorders", "beat", "--schedule", "/nonexistent/beat"],
    ],
)
def test_a_variable_that_cannot_be_read_ends_every_process_with_one_line(command: list[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    start = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment | {"DEMO": "1", "LOG_LEVEL": "loud"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert start.returncode != 0
    wrong = "photoorders cannot start: LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, not 'loud'"
    assert wrong in start.stderr.splitlines()
    assert "Traceback" not in start.stderr


def test_gunicorn_refuses_a_number_that_is_none() -> None:
    """A number that is none ends it with a sentence."""
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "gunicorn", "--config", "photoorders/gunicorn.py", "--print-config", "x:y"]
    said = subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"DEMO": "1", "WEB_THREADS": "many"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "photoorders cannot start: WEB_THREADS must be a whole number, not 'many'" in said.stderr.splitlines()
    assert "Traceback" not in said.stderr


def test_a_command_without_its_database_says_so_in_a_line() -> None:
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "REDIS_URL")}
    command = [sys.executable, "manage.py", "retry_failed"]
    away = environment | {"DEMO": "1", "DATABASE_URL": "postgres://me:s3cret@127.0.0.1:1/shop"}
    said = subprocess.run(command, cwd=ROOT, env=away, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 1
    assert said.stderr.startswith("PostgreSQL cannot be used: connection failed")
    assert "Traceback" not in said.stderr
    assert "s3cret" not in said.stderr


def test_a_command_before_the_migrations_says_which_command_is_first() -> None:
    server, _slash, _name = os.environ["DATABASE_URL"].rpartition(
        "/"
    )  # its database `postgres` holds no tables of ours
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "REDIS_URL")}
    command = [sys.executable, "manage.py", "setup_shop", "--no-input"]
    bare = environment | {"DEMO": "1", "DATABASE_URL": f"{server}/postgres"}
    said = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].endswith("run `python manage.py migrate` first.")
    assert "Traceback" not in said.stderr
