"""What `make run` and the commands beside it say when something is not as it should be."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from local import builtin, generated, manage, ports
from local.fixtures import wait_until
from local.kept import ROOT
from local.run import Run

SLOW_TO_END = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite started in the background ignores it, and so would this
from pathlib import Path
from local.keeper import Orders
from local.supervisor import Supervisor
with Supervisor(Path(sys.argv[1])) as supervisor:
    supervisor.start(0, "slow", Orders([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()"], grace=3), {})
    supervisor.watch()
supervisor.say("stopped", prefix="")
"""


def test_a_second_ctrl_c_is_answered_and_interrupts_nothing(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", SLOW_TO_END, str(tmp_path / "logs")], cwd=ROOT, stdout=out)
    wait_until(lambda: "up" in output.read_text(), what="the program's start")
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "stopping …" in output.read_text(), what="the stop's beginning")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    said = output.read_text()
    assert "still stopping" in said
    assert said.endswith("stopped\n")


@pytest.mark.parametrize("given", ["70000", "0", "eight"])
def test_a_port_that_is_none_is_refused_by_name(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", given)
    with pytest.raises(ImproperlyConfigured, match=r"^PORT must be"):
        builtin.wanted_ports(builtin.Needs(*[False] * 8))


def test_the_last_ports_of_all_leave_room_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "65535")
    wanted = builtin.wanted_ports(builtin.Needs(*[True] * 8))
    assert wanted["web"] == 65535
    assert max(port for name, port in wanted.items() if name != "web") < 65536


def test_no_free_port_is_said_with_the_range_that_was_tried() -> None:
    taken = ports.near(65535) if ports.is_free(65535) else 65535
    assert taken == 65535
    with pytest.raises(SystemExit, match=r"^No free port between 65535 and 65535\.$"):
        ports.near(65535)


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A .run/ of a shop that ran once and named its database."""
    monkeypatch.setattr(manage, "RUN", tmp_path)
    manage.remember({"DATABASE_URL": "postgres://of-the-shop", "DEMO": "1"})
    (tmp_path / "run.lock").touch()
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DATABASE_URL_FILE", raising=False)
    return tmp_path


def test_a_command_finds_the_database_of_the_shop_that_runs(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO", "0")  # what is set wins
    with (run_folder / "run.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        manage.adopt(["shell"])
    assert os.environ.pop("DATABASE_URL") == "postgres://of-the-shop"
    assert os.environ["DEMO"] == "0"
    assert (run_folder / "environment.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((run_folder / "environment.json").read_text())["DEMO"] == "1"


@pytest.mark.parametrize("command", [["shell"], ["migrate"], ["backup"], ["restore", "backups/x"]])
def test_without_a_running_shop_a_command_says_how_to_start_one(
    command: list[str], run_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEMO", "1")
    with pytest.raises(SystemExit) as end:
        manage.adopt(command)
    os.environ.pop("DATABASE_URL")
    assert end.value.code == 1
    assert "No shop runs from this folder: start it with `make run`" in capsys.readouterr().err


def test_a_database_of_ones_own_needs_no_running_shop(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO", "1")
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere")
    manage.adopt(["restore", "backups/x"])
    assert os.environ["DATABASE_URL"] == "postgres://elsewhere"


def test_the_demos_accounts_and_the_trade_accounts_key_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN 4: three accounts, one password, and the key made at the first start and kept, or DEMO_API_KEY."""
    made = generated.read(tmp_path / "secrets.json")["DEMO_API_KEY"]
    assert len(made) >= 50
    assert generated.read(tmp_path / "secrets.json")["DEMO_API_KEY"] == made
    monkeypatch.setenv("DEMO_API_KEY", made)
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    run = Run.__new__(Run)  # without the lock and the ports of a real start
    run.demo, run.url, run.needs = True, "http://127.0.0.1:8000/", builtin.Needs(*[False] * 8)
    said = "\n".join(run._greeting())
    assert "owner@example.test, staff@example.test, trade@example.test" in said
    assert f"{made} (of trade@example.test)" in said
    assert "photoorders" in said
