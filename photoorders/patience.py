"""How long a thread of the web server waits for a client that sends nothing, or next to nothing.

gunicorn's threads wait for a body without end: as many clients as there are threads, each with a body that never comes,
would stop the shop. Used by gunicorn's `pre_request` hook; whoever reads a body that is given up gets TimeoutError, which
Django tells as UnreadablePostError.
"""

import socket
import time
from typing import Any

STALL_SECONDS = (
    15  # without a byte; a phone that changes its network is back by then, and the page tries again by itself
)
SLOWEST_BYTES_A_SECOND = 2048  # of a whole body, once it has been waited for so long:
SLOW_SECONDS = 30


class PatientSocket:
    """A connection's socket as gunicorn reads it, for all requests of the connection; the time between them does not count."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._given_up = False
        self.begin()

    def begin(self) -> None:
        """A request's head has arrived: from here on its body is waited for."""
        self._bytes = 0
        self._waited = 0.0

    def recv(self, size: int) -> bytes:
        """Raises TimeoutError for a client that is too slow, and then every time."""
        if self._given_up:
            raise TimeoutError("this client was given up")
        started = time.monotonic()
        try:
            data = self._receive(size)
        except TimeoutError:
            self._given_up = True
            raise
        self._bytes += len(data)
        self._waited += time.monotonic() - started
        if self._waited > SLOW_SECONDS and self._bytes < self._waited * SLOWEST_BYTES_A_SECOND:
            self._given_up = True
            raise TimeoutError("the body comes too slowly")
        return data

    def _receive(self, size: int) -> bytes:
        before = self._connection.gettimeout()
        self._connection.settimeout(STALL_SECONDS if before is None else min(before, STALL_SECONDS))
        try:
            return self._connection.recv(size)
        finally:
            self._connection.settimeout(before)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def limit(request: Any) -> None:
    """Limits how long the body of gunicorn's request is waited for."""
    unreader = getattr(request, "unreader", None)
    if unreader is None:
        return
    if not isinstance(unreader.sock, PatientSocket):
        unreader.sock = PatientSocket(unreader.sock)
    unreader.sock.begin()
