"""Breaking the connection of the running request, as a network outage would."""

import socket
import struct

from flask import request


class ConnectionBroken(ConnectionError):
    """Raised after the socket was cut; the application answers it with nothing, quietly."""


def reset() -> ConnectionBroken:
    """Cuts the client's connection (its answer cannot be written any more) and returns the exception to raise."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends RST
        connection.shutdown(socket.SHUT_RDWR)
    return ConnectionBroken("cut on request")
