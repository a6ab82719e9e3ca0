"""The checks that stop a misconfigured production start."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.checks import Error, run_checks
from pytest_django import Settings

from photoorders import checks

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
    "SITE_URL": "https://loja.estudio.pt",
    "ALLOWED_HOSTS": ["loja.estudio.pt"],
    "STRIPE_CHECKOUT_ORIGINS": ["https://checkout.stripe.com"],
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_PORT": 587,
    "AWS_ACCESS_KEY_ID": "AKIAX",
    "AWS_SECRET_ACCESS_KEY": "its-own",
    "AWS_S3_ENDPOINT_URL": None,
}


def found(settings: Settings, **changes: object) -> set[str]:
    for name, value in (REAL | changes).items():
        setattr(settings, name, value)
    return {str(m.id) for m in run_checks(include_deployment_checks=True) if str(m.id).startswith("photoorders.E")}


def test_a_complete_production_setting_passes(settings: Settings) -> None:
    assert found(settings) == set()


WRONG: list[tuple[str, dict[str, object]]] = [
    ("E001", {"SECRET_KEY": "short"}),
    ("E001", {"SECRET_KEY": "insecure-demo-key-never-for-production"}),
    ("E002", {"STRIPE_SECRET_KEY": ""}),
    ("E003", {"STRIPE_WEBHOOK_SECRETS": []}),
    ("E004", {"GOOGLE_MAPS_API_KEY": ""}),
    ("E005", {"GOOGLE_MAPS_API_KEY": "AIXA-mistyped"}),
    ("E006", {"STRIPE_WEBHOOK_SECRETS": ["whsec_x", "whsec_sandbox"]}),
    ("E007", {"STRIPE_SECRET_KEY": "sk_live_…"}),  # the example's placeholder,
    ("E007", {"STRIPE_SECRET_KEY": "pk_live_x"}),  # the other key of the pair,
    ("E007", {"STRIPE_SECRET_KEY": "sk_live_x y"}),  # and a slip of the mouse
    ("E008", {"PAYMENT_PAGE": "elements", "STRIPE_PUBLISHABLE_KEY": ""}),
    ("E009", {"SECRET_KEY": "demo-only-demo-only-demo-only-demo-only-demo-only"}),
    ("E010", {"STRIPE_API_BASE": "http://127.0.0.1:9000"}),
    ("E011", {"GOOGLE_MAPS_BASE_URL": "http://127.0.0.1:9000"}),
    ("E012", {"SECURE": False}),
    ("E013", {"OWNER_EMAIL": "owner@example.test"}),
    ("E014", {"DEFAULT_FROM_EMAIL": "loja@example.test"}),
    ("E014", {"DEFAULT_FROM_EMAIL": "Photoorders <loja@example.test>"}),
    ("E016", {"EMAIL_PORT": 1025}),
    ("E016", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
    ("E017", {"ALLOWED_HOSTS": ["localhost", "127.0.0.1"]}),
    ("E018", {"STRIPE_CHECKOUT_ORIGINS": ["https://checkout.stripe.com", "http://localhost:9100"]}),
    ("E021", {"DATABASES": {"default": {"HOST": "db", "PASSWORD": "demo-database"}}}),
    ("E022", {"AWS_ACCESS_KEY_ID": ""}),
    ("E022", {"AWS_SECRET_ACCESS_KEY": ""}),
    ("E023", {"AWS_S3_ENDPOINT_URL": "http://s3.localhost:9000"}),
    ("E030", {"DEBUG": True}),
]
BY_ENVIRONMENT = {"E015": "EMAIL_URL", "E020": "DATABASE_URL"}  # read before a default stands in


@pytest.mark.parametrize(("code", "changes"), WRONG)
def test_each_unsafe_setting_is_an_error_of_its_own(settings: Settings, code: str, changes: dict[str, object]) -> None:
    assert found(settings, **changes) == {f"photoorders.{code}"}


@pytest.mark.parametrize("code", BY_ENVIRONMENT)
def test_a_missing_mail_or_database_address_is_an_error(
    settings: Settings, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their defaults are for development: mail would reach nobody, and the database would be whichever is there."""
    monkeypatch.delenv(BY_ENVIRONMENT[code])
    assert found(settings) == {f"photoorders.{code}"}


def test_every_error_has_its_test() -> None:
    written = set(re.findall(r'"(E0\d\d)"', (ROOT / "photoorders" / "checks.py").read_text())) | {
        "E002",
        "E003",
        "E004",
    }
    assert {code for code, _changes in WRONG} | set(BY_ENVIRONMENT) == written


def test_a_restricted_key_and_the_payment_elements_key_pass(settings: Settings) -> None:
    assert found(settings, STRIPE_SECRET_KEY="rk_live_x") == set()
    assert found(settings, PAYMENT_PAGE="elements", STRIPE_PUBLISHABLE_KEY="pk_live_x") == set()


DEMO_ENV = [
    line.partition("=")[::2]
    for line in (ROOT / "docker" / "demo.env").read_text().splitlines()
    if line and not line.startswith("#")
]
NO_SECRETS = {
    "DEMO",  # the switch itself
    "COMPOSE_PROFILES",  # starts the sandbox's container, which ends by itself unless DEMO=1 (tests/test_compose.py)
    "AWS_STORAGE_BUCKET_NAME",  # a bucket may be called like the shop
}
PRODUCTION = {
    "SECRET_KEY": "k" * 60,
    "SITE_URL": "https://loja.estudio.pt",
    "DATABASE_URL": "postgres://photoorders:its-own@postgres:5432/photoorders",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "GOOGLE_MAPS_API_KEY": "AIzaX",
    "AWS_ACCESS_KEY_ID": "AKIAX",
    "AWS_SECRET_ACCESS_KEY": "its-own",
    "EMAIL_URL": "smtp+tls://loja:its-own@smtp.estudio.pt:587",
    "DEFAULT_FROM_EMAIL": "loja@estudio.pt",
    "OWNER_EMAIL": "dona@estudio.pt",
    "METRICS_TOKEN": "its-own",
}


def errors_of(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors with the settings as they are read from this environment and nothing else."""
    with monkeypatch.context() as patch:
        for name in set(os.environ) - {"PATH"}:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(checks, "settings", SimpleNamespace(**runpy.run_path(str(ROOT / "photoorders" / "settings.py"))))
        return [str(found.id) for found in checks.production(None) if isinstance(found, Error)]


def test_a_production_environment_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert errors_of(PRODUCTION, monkeypatch) == []


@pytest.mark.parametrize(("name", "value"), [row for row in DEMO_ENV if row[0] not in NO_SECRETS])
def test_every_published_value_of_the_demo_is_refused_in_production(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6: docker/demo.env, line by line, each alone in an environment that is right otherwise."""
    if name == "POSTGRES_PASSWORD":  # docker-compose.yml makes the address of it
        name, value = "DATABASE_URL", f"postgres://photoorders:{value}@postgres:5432/photoorders"
    assert len(errors_of(PRODUCTION | {name: value}, monkeypatch)) == 1


def test_the_demos_environment_as_it_is_never_passes_without_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    assert errors_of(dict(DEMO_ENV), monkeypatch) == []
    assert len(errors_of(dict(DEMO_ENV) | {"DEMO": "0"}, monkeypatch)) >= 15


def test_the_demo_is_let_off(settings: Settings) -> None:
    assert found(settings, DEMO=True, SECRET_KEY="short") == set()


@pytest.mark.parametrize(
    "command",
    [
        ["-c", "import photoorders.wsgi"],
        ["-m", "gunicorn", "--config", "photoorders/gunicorn.py", "--bind", "127.0.0.1:0", "photoorders.wsgi"],
        ["-m", "celery", "--app", "photoorders", "worker", "--pool", "solo", "--queues", "nobodys"],
        ["-m", "celery", "--app", "photoorders", "beat", "--schedule", "/nonexistent/beat"],
    ],
    ids=["wsgi", "gunicorn", "worker", "beat"],
)
def test_no_process_starts_with_unsafe_settings(command: list[str]) -> None:
    """The web server, its application, a worker and beat: none serves a customer or touches a paid order."""
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "DATABASE_URL", "REDIS_URL")}
    start = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
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
