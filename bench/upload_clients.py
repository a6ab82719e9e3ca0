"""Customers who upload, for measurements: each with a session and draft of its own, over one kept connection."""

import http.client
import io
import json
import secrets
import threading
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from PIL import Image

MARK = b"bench-serial-number-0000000000"


def camera_jpeg(megabytes: int, size: tuple[int, int] = (4000, 3000)) -> bytes:
    """A JPEG of that many pixels and of exactly `megabytes` · 10^6 bytes; its comment can be varied (`varied`)."""
    image = Image.effect_noise(size, 40).convert("RGB")
    for quality in (92, 85, 75, 60, 45, 30, 20, 10):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, comment=MARK)
        data = out.getvalue()
        missing = megabytes * 1_000_000 - len(data)
        if missing >= 0:
            return data[:-2] + _comments(missing) + data[-2:]
    raise ValueError("no quality is low enough")


def tiny_jpeg(number: int = 0) -> bytes:
    """A picture of 8 × 8 pixels; each number gives another."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (255, 0, number)).save(out, "JPEG", comment=b"%d" % number)
    return out.getvalue()


def varied(data: bytes, number: int) -> bytes:
    """The same picture as another file."""
    return data.replace(MARK, b"bench-serial-number-%010d" % number, 1)


class Customer:
    """A visitor with a draft, or, with `bare`, one who only posts bytes."""

    def __init__(self, url: str, *, bare: bool = False) -> None:
        self.connection = http.client.HTTPConnection(str(urlsplit(url).hostname), urlsplit(url).port, timeout=120)
        self.headers = {"Content-Type": "image/jpeg", "X-Filename": "a.jpg"}
        self.path = "/"
        if not bare:
            token = secrets.token_hex(16)
            self.path = "/api/v1/drafts/current/photos/"
            self.headers |= {"Cookie": f"csrftoken={token}", "X-CSRFToken": token}
            first = self.upload(tiny_jpeg())
            self.draft_id = json.loads(first.body)["preview_url"].split("/drafts/")[1].split("/")[0]
            self.headers["Cookie"] += f"; {first.session}"

    def upload(self, data: bytes) -> "Answer":
        self.connection.request("POST", self.path, body=data, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {body[:300]!r}")
        cookies = [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie") or []]
        return Answer(body, next((cookie for cookie in cookies if cookie.startswith("sessionid=")), ""))


class Answer(NamedTuple):
    body: bytes
    session: str  # the session's cookie, where the answer set one


def seconds(customers: list[Customer], photos: list[list[bytes]]) -> float:
    """How long it takes until every customer's photos are confirmed, all customers at once."""
    errors: list[Exception] = []

    def work(customer: Customer, mine: list[bytes]) -> None:
        try:
            for data in mine:
                customer.upload(data)
        except Exception as error:  # noqa: BLE001 - raised below, in the thread that measures
            errors.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(customers, photos, strict=True)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - start
    if errors:
        raise errors[0]
    return taken


def _comments(size: int) -> bytes:
    """`size` bytes that a JPEG decoder skips: filling between the last data and the end mark."""
    return b"\xff" * size
