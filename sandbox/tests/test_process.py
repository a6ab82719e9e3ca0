"""The process itself: `python -m sandbox` with its options, SIGTERM, a busy port."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import requests

from local.ports import any_free

COMMAND = [sys.executable, "-m", "sandbox"]
ROOT = Path(__file__).resolve().parents[2]


def start(*options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *options], cwd=ROOT, env=os.environ | environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def test_it_says_when_it_is_ready_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    port = any_free()
    process = start("--state", str(tmp_path), "--smtp-port", str(any_free()), SANDBOX_PORT=str(port))
    assert process.stdout is not None
    assert process.stdout.readline() == f"sandbox (no real money) is ready at http://127.0.0.1:{port}/\n"
    assert requests.get(f"http://127.0.0.1:{port}/sandbox/counts", timeout=5).json() == {"geocoding": 0}
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_a_busy_port_is_an_error_with_a_reason(tmp_path: Path) -> None:
    first = start("--state", str(tmp_path / "a"), "--port", str(port := any_free()))
    assert first.stdout is not None
    first.stdout.readline()
    second = start("--state", str(tmp_path / "b"), "--port", str(port))
    _, errors = second.communicate(timeout=10)
    first.terminate()
    first.communicate(timeout=10)
    assert second.returncode == 1
    assert "in use" in errors
