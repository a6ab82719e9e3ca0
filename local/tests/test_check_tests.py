"""Which Chromium the browser tests get, and that with CI=true nothing is left out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import check_tests
from local.kept import ROOT

SNAP = """#!/bin/sh
echo "Command '/usr/bin/chromium-browser' requires the chromium snap to be installed." >&2
exit 1
"""


def test_a_chromium_that_does_not_start_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ubuntu's package is a note that a snap is wanted; the next on PATH is taken, or none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_tests.on_path() is None
    for name, text in (("chromium-browser", SNAP), ("google-chrome", "#!/bin/sh\nexit 0\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    assert check_tests.on_path() == str(tmp_path / "google-chrome")
    (tmp_path / "google-chrome").unlink()
    assert check_tests.on_path() is None
    assert not check_tests.starts(str(tmp_path / "not-there"))


def become(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `python -m local.check_tests all` becomes on a machine without a Chromium, and without a way to one."""
    became: list[list[str]] = []
    monkeypatch.setattr(check_tests, "chromium", lambda: False)
    monkeypatch.setattr(sys, "argv", ["check_tests", "all"])
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    monkeypatch.setattr(os, "execv", lambda program, command: became.append(command))
    return became


def test_without_a_chromium_the_browser_tests_are_left_out_loudly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    became = become(monkeypatch)
    check_tests.main()
    (command,) = became
    assert command[command.index("pytest") + 2] == "(not stripe) and not browser"
    assert "*** LEFT OUT: the browser tests." in capsys.readouterr().out


def test_with_ci_true_a_missing_chromium_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    became = become(monkeypatch)
    with pytest.raises(SystemExit, match=r"^With CI=true nothing may be left out\.$"):
        check_tests.main()
    assert became == []


ONE_SKIPPED = """
import pytest

def test_done():
    pass

@pytest.mark.skip
def test_left_out():
    pass
"""
# The plugin asks for servers unless pytest is only to list something: it looks at the command line, which here lies.
ALONE = """
import sys
import pytest
sys.argv = ["pytest", "--fixtures"]
sys.exit(pytest.main(["-p", "local.testrun", "-q", "--rootdir", ".", "-c", "pytest.ini", "test_some.py"]))
"""


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_with_ci_true_a_skipped_test_fails_the_run(tmp_path: Path, ci: str, code: int) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_some.py").write_text(ONE_SKIPPED)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": ci}
    run = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == code, run.stdout + run.stderr
    assert "1 passed, 1 skipped" in run.stdout
    said = "CI=true: 1 skipped tests fail the run: test_some.py::test_left_out"
    assert (said in run.stdout) is (ci == "true")
