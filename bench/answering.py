"""A stand-in for Stripe that only knows how to answer, at once: a process of its own, one thread a connection."""

import multiprocessing
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[str], str]  # from the path with its query to the body, as JSON


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Its address, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, answer), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.terminate()
        process.join(10)
        listener.close()


def _serve(listener: socket.socket, answer: Answer) -> None:
    while True:
        connection, _address = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_converse, args=(connection, answer), daemon=True).start()


def _converse(connection: socket.socket, answer: Answer) -> None:
    """Request after request, while the client keeps its connection."""
    with connection, connection.makefile("rb") as asked:
        while request := asked.readline():
            length = 0
            while line := asked.readline().strip():
                name, _colon, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            asked.read(length)
            body = answer(request.split()[1].decode()).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nRequest-Id: req_bench\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
