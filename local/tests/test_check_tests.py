"""Which Chromium the browser tests get."""

from pathlib import Path

import pytest

from local import check_tests

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
