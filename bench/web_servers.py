"""gunicorn as the shop runs it, for measurements: started on a free port, its processes' memory read from the system."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from local.ports import any_free

ROOT = Path(__file__).resolve().parent.parent


class WebServer:
    """A running gunicorn; `peak_mb` is the sum of its processes' peak resident memory, in MB of 10^6 bytes."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = process

    def peak_mb(self) -> float:
        return sum(self.peaks_mb().values())

    def peaks_mb(self) -> dict[int, float]:
        """The same, each process's own, by its id."""
        peaks = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            peaks[process.pid] = int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
        return peaks


@contextmanager
def serving(application: str = "photoorders.wsgi:application", **environment: str) -> Iterator[WebServer]:
    """Serves a WSGI application with the shop's own gunicorn settings until the block ends."""
    port = any_free()
    env = (
        os.environ
        | {"DEMO": "1", "DEBUG": "0", "HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "WARNING"}
        | environment
    )
    program = str(Path(sys.executable).parent / "gunicorn")
    process = subprocess.Popen(
        [program, "--config", "photoorders/gunicorn.py", application], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
    )
    try:
        server = WebServer(port, process)
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _wait(server: WebServer) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            requests.get(f"{server.url}/health/live", timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the web server did not start")
