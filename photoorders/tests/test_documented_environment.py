"""Every variable that the program reads stands in .env.example and in docs/operating.md, and no other one does."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READERS = ("text", "flag", "number", "choice", "items", "networks", "zone", "url", "database", "email")
APPS = ("photoorders", "backoffice", "payments", "orders", "accounts", "uploads", "addresses", "outbox")
INTERNAL = {"HOST", "DJANGO_SETTINGS_MODULE"}  # set by the program that starts the shop, not by whom runs it
COMPOSE = {  # read by docker-compose.yml alone
    *("POSTGRES_PASSWORD", "HTTP_PORT", "HTTPS_PORT", "REDIS_MEMORY", "PHOTOS_REDIS_MEMORY", "PHOTOS_MEMORY"),
    *("FLOWER_AUTH", "BACKUPS"),
    *(
        "BASE_IMAGE",
        "SANDBOX_URL",
        "WEBHOOKS_CONCURRENCY",
        "PHOTOS_CONCURRENCY",
        "MAIL_CONCURRENCY",
        "DEFAULT_CONCURRENCY",
    ),
}


def sources() -> Iterator[ast.Call]:
    """Every call in the apps' own code."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if name.split("/")[0] in APPS and "/tests/" not in name and (ROOT / name).exists():
            tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
            yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def read_variables() -> dict[str, ast.Call]:
    """The call that reads it, by the variable's name."""
    found = {}
    for call in sources():
        written = ast.unparse(call.func)
        reads = written in ("os.environ.get", "os.getenv") or re.fullmatch(rf"env\.({'|'.join(READERS)})", written)
        if reads and isinstance(call.args[0], ast.Constant):
            found[str(call.args[0].value)] = call
    return {name: call for name, call in found.items() if name not in INTERNAL}


def example() -> dict[str, str]:
    """What .env.example gives, by name; the comments are left out."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return {
        match[1]: match[2].split("  #")[0].strip() for match in re.finditer(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", text, re.M)
    }


def documented() -> set[str]:
    """The names in the first column of the table, and in the sentence about compose below it."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8").partition("## Configuration")[2]
    rows = re.findall(r"^\|([^|]*)\|", text.partition("\n## ")[0], re.M)
    return {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)}


def test_the_reader_of_this_test_finds_what_the_settings_read() -> None:
    assert {"SECRET_KEY", "PRINT_MEMORY_MB", "EMAIL_URL", "WEB_CONCURRENCY", "DEMO_PASSWORD"} <= set(read_variables())


def test_the_example_names_every_variable_and_no_other() -> None:
    assert set(example()) == set(read_variables())


def test_the_operators_guide_names_every_variable_and_no_other() -> None:
    assert documented() == set(read_variables())


def test_the_operators_guide_names_what_the_compose_file_reads() -> None:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    read = set(re.findall(r"\$\{([A-Z][A-Z0-9_]+)", compose)) - set(read_variables())
    assert read == COMPOSE
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert {name for name in COMPOSE if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("reader", ["env.number", "env.choice"])
def test_the_example_shows_the_true_defaults(reader: str) -> None:
    """Numbers and choices: the default in the code is what a copied line would set."""
    defaults = {
        name: str(ast.literal_eval(call.args[1]))
        for name, call in read_variables().items()
        if ast.unparse(call.func) == reader
    }
    shown = example()
    assert len(defaults) >= 3
    assert {name: shown[name] for name in defaults} == defaults


def test_a_copied_line_of_the_example_is_what_it_says(tmp_path: Path) -> None:
    """`cp .env.example .env`, every # before a name taken away: the settings can be read, and no comment is in a value."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    (tmp_path / ".env").write_text(re.sub(r"^# (?=[A-Z][A-Z0-9_]+=)", "", text, flags=re.M), encoding="utf-8")
    program = (
        "import os, pathlib, sys; from photoorders import environment;"
        "environment.read_dotenv(pathlib.Path(sys.argv[1]));"
        "import django; os.environ['DJANGO_SETTINGS_MODULE'] = 'photoorders.settings'; django.setup();"
        "from django.conf import settings; print(settings.ALLOWED_HOSTS, settings.DEBUG, settings.PAYMENT_PAGE, settings.UPLOAD_MAX_PHOTOS)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / ".env")],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert answer.stderr == ""
    assert answer.stdout == "['prints.example.pt'] False checkout 200\n"
