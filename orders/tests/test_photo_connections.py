"""Uploads over real connections to a real gunicorn: cut ones, many at once, and what they cost in memory (U2–U4)."""

import http.client
import socket
import time
from collections.abc import Iterator

import pytest
from django.conf import settings

from bench.upload_clients import Customer, camera_jpeg, seconds, tiny_jpeg, varied
from bench.web_servers import WebServer, serving
from uploads import photo_writer, stash
from uploads.photo_writer import CHUNK_BYTES
from uploads.tests.stashed_bytes import bytes_of


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    with serving(REDIS_URL=settings.REDIS_URL, PHOTOS_REDIS_URL=settings.PHOTOS_REDIS_URL) as running:
        yield running


def staged_when_quiet(wanted: int, within: float = 5) -> int:
    """What Redis holds once it is `wanted`, or at the end."""
    until = time.monotonic() + within
    while stash.staged_bytes() != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return stash.staged_bytes()


def cut(server: WebServer, customer: Customer, head: str, start: bytes) -> None:
    """Sends the beginning of a request and hangs up."""
    lines = [f"POST {customer.path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in customer.headers.items() if name != "Content-Type"]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, head, "", ""]).encode() + start)
        time.sleep(0.3)


@pytest.mark.parametrize("form", [False, True])
def test_a_cut_connection_leaves_nothing_behind(server: WebServer, form: bool) -> None:
    """U3."""
    customer = Customer(server.url)
    kept = stash.photos(customer.draft_id)
    before = stash.staged_bytes()
    photo = camera_jpeg(3)
    if form:
        head = "Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: 3000200"
        start = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + photo[:1_500_000]
    else:
        head, start = f"Content-Type: image/jpeg\r\nContent-Length: {len(photo)}", photo[:1_500_000]
    cut(server, customer, head, start)
    assert staged_when_quiet(before) == before
    assert stash.photos(customer.draft_id) == kept
    customer.upload(photo)  # and trying again works (U5)
    assert len(stash.photos(customer.draft_id)) == len(kept) + 1


@pytest.mark.race
def test_parallel_uploads_of_one_customer_all_arrive(server: WebServer) -> None:
    """U4: twelve at once, each over a connection of its own, into one draft."""
    first = Customer(server.url)
    photo = camera_jpeg(1, (800, 600))
    customers = []
    for _ in range(12):
        customer = Customer(server.url, bare=True)
        customer.path, customer.headers = first.path, first.headers
        customers.append(customer)
    seconds(customers, [[varied(photo, n)] for n in range(12)])
    photos = stash.photos(first.draft_id)
    assert len(photos) == 13
    assert {bytes_of(found.id) for found in photos} == {varied(photo, n) for n in range(12)} | {tiny_jpeg()}


def test_too_long_a_body_gets_its_answer_although_nobody_wants_the_body(server: WebServer) -> None:
    """The client is still sending when the refusal is decided; it must see a 413, not a reset."""
    customer = Customer(server.url)
    size = (settings.UPLOAD_MAX_FILE_MB + 20) * 1024 * 1024
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", customer.path)
    for name, value in (customer.headers | {"Content-Length": str(size)}).items():
        connection.putheader(name, value)
    connection.endheaders()
    for _ in range(size // 1024 // 1024):
        connection.send(bytes(1024 * 1024))
    assert connection.getresponse().status == 413


def test_web_processes_grow_by_less_than_a_photo(server: WebServer) -> None:
    """U2, U3: six uploads of 15 MB at once; were they held whole, a process would grow by 45 MB and more."""
    small, photo = camera_jpeg(1, (800, 600)), camera_jpeg(15, (4000, 3000))
    customers = [Customer(server.url) for _ in range(6)]
    seconds(customers, [[varied(small, n)] for n in range(6)])
    before = server.peaks_mb()
    seconds(customers, [[varied(photo, n)] for n in range(6)])
    after = server.peaks_mb()
    assert after.keys() == before.keys()
    assert max(after[process] - before[process] for process in before) <= 20


def test_a_slow_upload_does_not_lose_what_came_first(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """U3: chunks that wait for the rest are kept alive by the writer."""
    monkeypatch.setattr(photo_writer, "REFRESH_SECONDS", 0)
    monkeypatch.setattr(photo_writer, "UNFINISHED_SECONDS", 2)
    with stash.open_writer("slow") as writer:
        for _ in range(6):
            writer.write(bytes(CHUNK_BYTES))
            time.sleep(0.6)
        photo = writer.commit(filename="a", content_type="image/jpeg", width=1, height=1)
    assert len(bytes_of(photo.id)) == 6 * CHUNK_BYTES
