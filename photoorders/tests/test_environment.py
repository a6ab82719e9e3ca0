"""The typed readers of the environment."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from photoorders import environment


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("SOME_NAME=prints.example.pt # the shop's host", "prints.example.pt"),
        ("SOME_NAME=0                 # never 1", "0"),
        ("SOME_NAME=                  # nothing yet", ""),
        ("SOME_NAME=pa#ss", "pa#ss"),
        ("SOME_NAME='pa #ss' # quoted", "pa #ss"),
        ('SOME_NAME="pa #ss"', "pa #ss"),
        ('export SOME_NAME="it\'s" # quoted', "it's"),
        ("SOME_NAME=Estúdio <loja@example.pt>", "Estúdio <loja@example.pt>"),
    ],
)
def test_a_comment_behind_a_value_is_no_part_of_it(
    line: str, read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.env.example` has one behind most of its values, and compose leaves them out too."""
    monkeypatch.setenv("SOME_NAME", "")  # so that what is read is taken back afterwards
    monkeypatch.delenv("SOME_NAME")
    (tmp_path / ".env").write_text(f"# SOME_NAME=commented out\n\n{line}\n", encoding="utf-8")
    environment.read_dotenv(tmp_path / ".env")
    assert os.environ["SOME_NAME"] == read


def test_what_is_set_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NAME", "of the environment")
    (tmp_path / ".env").write_text("SOME_NAME=of the file # comment\n")
    environment.read_dotenv(tmp_path / ".env")
    assert os.environ["SOME_NAME"] == "of the environment"


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))
    assert environment.text("SOME_SECRET") == "s3cret"


def test_the_variable_itself_wins_over_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from the file")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("SOME_SECRET", "from the variable")
    assert environment.text("SOME_SECRET") == "from the variable"


def test_a_secret_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET_FILE", "/nowhere/at/all")
    with pytest.raises(ImproperlyConfigured, match="SOME_SECRET_FILE names '/nowhere/at/all'"):
        environment.text("SOME_SECRET")


@pytest.mark.parametrize(("given", "read"), [("1", True), ("true", True), ("0", False), ("off", False), ("", False)])
def test_flags_are_read(given: str, read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_FLAG", given)
    assert environment.flag("SOME_FLAG") is read


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_FLAG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="SOME_FLAG must be 1 or 0, not 'maybe'"):
        environment.flag("SOME_FLAG")


@pytest.mark.parametrize("given", ["1.5", "many", "29", "86401"])
def test_numbers_out_of_bounds_are_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NUMBER", given)
    with pytest.raises(ImproperlyConfigured, match="SOME_NUMBER must be"):
        environment.number("SOME_NUMBER", 60, 30, 86_400)


def test_a_url_of_another_scheme_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", "ftp://example.test")
    with pytest.raises(ImproperlyConfigured, match="SOME_URL must be a URL starting with http:// or https://"):
        environment.url("SOME_URL")


def test_a_database_that_is_not_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_DATABASE", "mysql://user@host/name")
    with pytest.raises(ImproperlyConfigured, match="the shop runs on PostgreSQL only"):
        environment.database("SOME_DATABASE")


def test_a_time_zone_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_ZONE", "Mars/Base")
    with pytest.raises(ImproperlyConfigured, match="SOME_ZONE must be a time zone like Europe/Lisbon, not 'Mars/Base'"):
        environment.zone("SOME_ZONE", "Europe/Lisbon")
    monkeypatch.setenv("SOME_ZONE", "")
    assert environment.zone("SOME_ZONE", "Europe/Lisbon") == "Europe/Lisbon"


def test_networks_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NETWORKS", "172.16.0.0/12, 10.0.0.1,::1")
    assert environment.networks("SOME_NETWORKS") == ["172.16.0.0/12", "10.0.0.1", "::1"]
    monkeypatch.setenv("SOME_NETWORKS", "10.0.0.1,caddy")
    with pytest.raises(ImproperlyConfigured, match=r"SOME_NETWORKS must list addresses .* 'caddy' is none"):
        environment.networks("SOME_NETWORKS")


@pytest.mark.parametrize("reader", [environment.database, lambda name: environment.email(name, "")])
def test_a_broken_url_is_named_and_its_password_is_not_repeated(
    reader: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_URL", "gopher://me:s3cret@host:many/name")
    with pytest.raises(ImproperlyConfigured, match="SOME_URL must be a") as refused:
        reader("SOME_URL")
    assert "s3cret" not in str(refused.value)
