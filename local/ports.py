"""Finding free TCP ports on the loopback interface, and naming who holds a busy one."""

import contextlib
import os
import secrets
import socket
from pathlib import Path

HOST = "127.0.0.1"
LOOPBACK = (HOST, "localhost")
LOWEST = 10240  # of the ports that any will do; those that people know by heart are below
_given: set[int] = set()  # handed out by this process, though nobody may listen there yet


def past_proxies() -> dict[str, str]:
    """Variables with which programs ask this machine's own servers directly, where HTTP goes through a proxy."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    direct = ",".join([*hosts, *(host for host in LOOPBACK if host not in hosts and "*" not in hosts)])
    return {"no_proxy": direct, "NO_PROXY": direct}


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now, on the loopback interface and on all of them."""
    for address in (HOST, "0.0.0.0"):  # noqa: S104 - bound for an instant and never listened on
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def any_free() -> int:
    """A port that nobody listens on, never the same twice in one process. Below those that the system gives to outgoing
    connections: one of these could take it before its server is up."""
    while True:
        port = LOWEST + secrets.randbelow(_outgoing_from() - LOWEST)
        if port not in _given and is_free(port):
            _given.add(port)
            return port


def _outgoing_from() -> int:
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        lowest = 32768
    return lowest if lowest > LOWEST + 2000 else 65536


def near(preferred: int) -> int:
    """`preferred`, or the next free port above it; never the same twice in one process."""
    for port in range(preferred, min(preferred + 500, 65536)):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    last = min(preferred + 499, 65535)
    why = " Ports below 1024 are for root." if preferred < 1024 and os.geteuid() != 0 else ""
    raise SystemExit(f"No free port between {preferred} and {last}.{why}")


def listener(port: int) -> str:
    """Who listens on `port`, as "gunicorn (process 1234)", as far as this user may know; else "another program"."""
    inodes = _listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & _sockets(process):
            return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "another program"


def _sockets(process: Path) -> set[str]:
    """Inodes of the process' sockets; empty where this user may not look."""
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                found.add(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))
    return found


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:  # 0A: listening
                inodes.add(fields[9])
    return inodes


def answers(port: int) -> bool:
    """Whether something accepts connections on `port` of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
