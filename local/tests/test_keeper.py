"""A keeper brings its program back, and leaves nothing behind, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.fixtures import wait_until
from local.keeper import Orders
from local.kept import ROOT, Kept

# A program that starts another in a session of its own (as Celery's pool might), writes both ids, and ignores SIGTERM.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
other = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"], start_new_session=True)
open(sys.argv[1], "w").write(f"{os.getpid()} {other.pid}\\n")
time.sleep(600)
"""


def stubborn(path: Path, **orders: object) -> Orders:
    return Orders([sys.executable, "-c", STUBBORN, str(path)], grace=0.5, **orders)  # type: ignore[arg-type]  # handed on


def ids(path: Path) -> list[int]:
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"), what="the program's start")
    return [int(word) for word in path.read_text().split()]


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def test_stopping_ends_the_program_and_its_offspring_even_when_they_ignore_it(tmp_path: Path) -> None:
    kept = Kept("stubborn", stubborn(tmp_path / "ids"))
    processes = ids(tmp_path / "ids")
    assert all(map(alive, processes))
    kept.stop()
    assert not any(map(alive, processes))
    assert kept.process.returncode == 0


def test_a_program_killed_with_kill_9_comes_back_and_its_orphans_do_not_stay(tmp_path: Path) -> None:
    kept = Kept("stubborn", stubborn(tmp_path / "ids"))
    program, other = ids(tmp_path / "ids")
    (tmp_path / "ids").unlink()
    os.kill(program, signal.SIGKILL)
    again, _ = ids(tmp_path / "ids")
    assert again != program
    assert not alive(other)
    kept.stop()


def test_a_program_that_is_not_to_be_restarted_ends_with_its_own_exit_code() -> None:
    kept = Kept("once", Orders([sys.executable, "-c", "raise SystemExit(7)"], restart=False))
    assert kept.process.wait(timeout=20) == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_when_the_parent_is_gone_nothing_stays(tmp_path: Path, number: signal.Signals) -> None:
    code = f"""
import sys, time
from local.kept import Kept
from local.keeper import Orders
Kept("stubborn", Orders({stubborn(tmp_path / "ids").command!r}, grace=0.5))
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    processes = ids(tmp_path / "ids")
    parent.send_signal(number)
    parent.wait()
    wait_until(lambda: not any(map(alive, processes)), seconds=10, what="the end of all")


def test_a_keeper_killed_with_kill_9_takes_its_program_with_it(tmp_path: Path) -> None:
    kept = Kept(
        "sleeper",
        Orders(
            [
                sys.executable,
                "-c",
                f"import os,time; open({str(tmp_path / 'ids')!r},'w').write(str(os.getpid())+chr(10)); time.sleep(600)",
            ]
        ),
    )
    (program,) = ids(tmp_path / "ids")
    kept.process.kill()
    kept.process.wait()
    wait_until(lambda: not alive(program), seconds=5, what="the program's end")


def test_a_stop_asked_for_during_the_pause_before_a_restart_is_heard(tmp_path: Path) -> None:
    kept = Kept("failing", Orders([sys.executable, "-c", f"open({str(tmp_path / 'runs')!r},'a').write('x')"]))
    wait_until(lambda: (tmp_path / "runs").exists(), what="the first run")
    time.sleep(0.2)
    kept.stop()
    runs = (tmp_path / "runs").read_text()
    time.sleep(1.5)
    assert (tmp_path / "runs").read_text() == runs


QUICK = """
import subprocess, sys, time
from local import keeper

class Late(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        time.sleep(0.5)  # the machine is busy: meanwhile the program has ended

subprocess.Popen = Late
sys.exit(keeper.Keeper("quick", keeper.Orders(["false"], restart=False, parent=keeper.os.getppid())).run())
"""


def test_a_program_that_ends_at_once_is_noticed_on_a_busy_machine_too() -> None:
    ended = subprocess.run([sys.executable, "-c", QUICK], cwd=ROOT, timeout=20, check=False)
    assert ended.returncode == 1
