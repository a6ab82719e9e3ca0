"""gunicorn's settings: threads for uploads that wait on the network, a few processes for the rest."""

import os
import sys
from pathlib import Path
from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured
from prometheus_client import multiprocess

from photoorders import environment as env
from photoorders import patience, process_identity

env.read_dotenv(Path(__file__).resolve().parent.parent / ".env")
try:
    bind = f"{env.text('HOST', '0.0.0.0')}:{env.number('PORT', 8000, 1, 65535)}"  # noqa: S104 - in a container, behind Caddy
    workers = env.number("WEB_CONCURRENCY", 2, 1, 256)
    threads = env.number("WEB_THREADS", 16, 1, 1024)
except ImproperlyConfigured as error:
    sys.exit(f"photoorders cannot start: {error}")
worker_class = "gthread"
timeout = 60  # seconds a worker may be silent; uploads in a thread do not count
graceful_timeout = 30
keepalive = 15
max_requests = 20_000
max_requests_jitter = 2_000
accesslog = None  # photoorders.request writes its own line, without query strings (S4)
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - heartbeat files in memory
forwarded_allow_ips = ""  # nobody here: photoorders.requests decides by TRUSTED_PROXIES, for this machine too
control_socket_disable = True  # nothing uses it, and two shops on one machine would share it


def on_starting(server: Any) -> None:
    """Ends with a message when settings are unsafe. In the master: a worker that ends is only followed by the next."""
    from photoorders.checks import load_settings, refuse_unsafe_start

    load_settings()
    django.setup()
    refuse_unsafe_start()


def pre_request(worker: Any, request: Any) -> None:
    """No thread waits without end for a body that does not come."""
    patience.limit(request)


def child_exit(server: Any, worker: Any) -> None:
    """Drops the dead process' live gauges."""
    if process_identity.SHARED:
        multiprocess.mark_process_dead(process_identity.of(worker.pid))
