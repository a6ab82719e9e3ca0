"""Clients that send nothing, or next to nothing, are given up; slow ones are not (U3)."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests
from django.conf import settings

from bench.upload_clients import Customer, camera_jpeg
from bench.web_servers import WebServer, serving
from photoorders import patience
from photoorders.patience import STALL_SECONDS, PatientSocket
from uploads import stash


@pytest.fixture
def pair() -> Iterator[tuple[PatientSocket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield PatientSocket(here), there


def test_a_client_that_sends_nothing_is_given_up_for_good(
    pair: tuple[PatientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    monkeypatch.setattr(patience, "STALL_SECONDS", 0.2)
    theirs.sendall(b"abc")
    assert ours.recv(100) == b"abc"
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        ours.recv(100)
    assert 0.2 <= time.monotonic() - started < 5
    theirs.sendall(b"too late")
    with pytest.raises(TimeoutError, match="given up"):
        ours.recv(100)
    assert ours.gettimeout() is None  # the answer is sent as before


def test_a_client_that_drips_is_given_up_and_one_that_is_only_slow_is_not(
    pair: tuple[PatientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    monkeypatch.setattr(patience, "SLOW_SECONDS", 0.3)

    def drip(piece: bytes) -> None:
        for _ in range(40):
            time.sleep(0.05)
            try:
                theirs.send(piece)
            except OSError:
                return

    slow = threading.Thread(target=drip, args=(bytes(1000),), daemon=True)  # 20 kB/s
    slow.start()
    received = 0
    while received < 40_000:
        received += len(ours.recv(65_536))
    slow.join()
    ours.begin()
    threading.Thread(target=drip, args=(b"x",), daemon=True).start()
    with pytest.raises(TimeoutError, match="too slowly"):
        list(iter(lambda: ours.recv(65_536), b""))


def test_the_time_between_requests_does_not_count(
    pair: tuple[PatientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    monkeypatch.setattr(patience, "SLOW_SECONDS", 0.2)
    theirs.sendall(b"first")
    assert ours.recv(100) == b"first"
    time.sleep(0.4)
    theirs.sendall(b"second")
    assert ours.recv(100) == b"second"


def test_a_shorter_limit_of_gunicorns_own_is_kept(pair: tuple[PatientSocket, socket.socket]) -> None:
    ours, _theirs = pair
    ours.settimeout(0.1)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        ours.recv(100)
    assert time.monotonic() - started < 5
    assert ours.gettimeout() == 0.1


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving(REDIS_URL=settings.REDIS_URL, PHOTOS_REDIS_URL=settings.PHOTOS_REDIS_URL) as running:
        yield running


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live", timeout=1).ok
    except requests.Timeout:
        return False


@pytest.mark.timeout(300)
def test_bodies_that_never_come_do_not_stop_the_shop(server: WebServer) -> None:
    """More of them than there are threads: each is answered as interrupted, and its thread is free again (U3)."""
    customer = Customer(server.url)
    threads = 2 * 16
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(threads + 8)]
    for number, connection in enumerate(stalled):
        path, kind = ("photos/", "image/jpeg") if number % 2 else ("items/", "application/json")
        lines = [f"{'POST' if number % 2 else 'PUT'} /api/v1/drafts/current/{path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in customer.headers.items() if name != "Content-Type"]
        lines += [f"Content-Type: {kind}", "Content-Length: 1000000"]
        connection.sendall("\r\n".join([*lines, "", "abc"]).encode())
    deadline = time.monotonic() + STALL_SECONDS / 2
    while answers(server.url):  # until there really is no thread left
        assert time.monotonic() < deadline
    uploader = threading.Thread(target=lambda: customer.upload(camera_jpeg(1, (800, 600))), daemon=True)
    uploader.start()
    uploader.join(4 * STALL_SECONDS)
    assert not uploader.is_alive()
    assert len(stash.photos(customer.draft_id)) == 2
    for connection in stalled:
        connection.settimeout(4 * STALL_SECONDS)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, json.load(answer)["errors"][0]["code"]) == (400, "interrupted")
        connection.close()
