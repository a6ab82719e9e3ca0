"""Clients that send nothing, or next to nothing, are given up; slow ones are not (U3)."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from photoorders import patience
from photoorders.patience import PatientSocket


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
