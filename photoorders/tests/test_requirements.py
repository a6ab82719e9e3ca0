"""What is installed is used: a package that nothing imports is weight, and something to keep safe for nothing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ONE_CALLED_OTHERWISE = {
    "djangorestframework": "rest_framework",
    "django-redis": "django_redis",
    "django-storages": "storages",
    "psycopg": "psycopg",
    "django-environ": "environ",
    "django-csp": "csp",
    "django-axes": "axes",
    "django-cors-headers": "corsheaders",
    "django-unfold": "unfold",
    "django-simple-history": "simple_history",
    "django-pgtrigger": "pgtrigger",
    "pillow": "PIL",
    "python-stdnum": "stdnum",
    "zipstream-ng": "zipstream",
}
USED_BY_OTHERS = {"hiredis"}  # redis-py parses faster with it


def needed() -> list[str]:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    return [re.split(r"[\[=<>~ ]", line)[0] for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def sources() -> str:
    folders = ("accounts", "addresses", "backoffice", "orders", "outbox", "payments", "photoorders", "uploads", "local")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "tests" not in path.parts]
    return "\n".join(path.read_text(encoding="utf-8") for path in [*files, ROOT / "Dockerfile"])


@pytest.mark.parametrize("package", sorted(set(needed()) - USED_BY_OTHERS))
def test_every_required_package_is_used(package: str, sources: str) -> None:
    module = ONE_CALLED_OTHERWISE.get(package, package.replace("-", "_"))
    imported = rf"^\s*(import|from) {module}\b"
    named = rf'"{module}[\w.]*"'  # an app or middleware of the settings
    assert re.search(f"{imported}|{named}", sources, re.M), f"{package} is required and used by nothing"
