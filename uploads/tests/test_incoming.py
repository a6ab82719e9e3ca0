"""Bodies as they arrive: what is left of a refused one is not waited for longer than was promised (U3)."""

import io
import time

import pytest
from django.test import RequestFactory

from uploads import incoming


class SlowClient(io.RawIOBase):
    """A body at 100 kB/s; like gunicorn's, a read waits until all that was asked for is there."""

    def __init__(self) -> None:
        self.sent = 0

    def read(self, size: int = -1, /) -> bytes:
        time.sleep(size / 100_000)
        self.sent += size
        return bytes(size)


def test_draining_ends_in_time_however_slowly_the_rest_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "DRAIN_SECONDS", 0.5)
    client = SlowClient()
    request = RequestFactory().post("/", content_type="image/jpeg")
    request.META["CONTENT_LENGTH"] = "20000000"
    vars(request)["_stream"] = client  # what Django makes of wsgi.input
    started = time.monotonic()
    incoming.drain(request)
    assert 0.5 <= time.monotonic() - started < 2
    assert 0 < client.sent < 200_000


def test_what_comes_quickly_is_drained_to_its_end() -> None:
    request = RequestFactory().post("/", data=bytes(3_000_000), content_type="image/jpeg")
    incoming.drain(request)
    assert request.read(1) == b""
