"""page_start and page_review: requests per second of the pages of a visitor with a session, one web process.

Uses the environment's PostgreSQL (migrated) and Redis. Stripe and Google have addresses where nobody listens, and the
pages must not mind: no GET may call outside.
"""

import os
import re
import socket
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

import django

django.setup()

from bench import upload_clients, web_servers
from orders import catalogue, drafts
from uploads import stash

ROUNDS = 5
CLIENTS, REQUESTS = 4, 30
PHOTOS = 3
TARGET = 0.6
ONE_PROCESS = {"WEB_CONCURRENCY": "1"}  # the other core is the clients'
NOWHERE = {"STRIPE_API_BASE": "http://127.0.0.1:9", "GOOGLE_MAPS_BASE_URL": "http://127.0.0.1:9"}
DELIVERY = {"method": "pickup", "name": "Maria João", "email": "maria@example.test", "phone": "912345678"}


def rows() -> list[dict[str, object]]:
    """The rows, in the form of bench/results.json; shop and bare view take turns, a warm-up round first."""
    catalogue.install_default_catalogue()
    with web_servers.serving(LOG_LEVEL="INFO", **ONE_PROCESS, **NOWHERE) as shop:
        visitor, customer = upload_clients.Customer(shop.url), upload_clients.Customer(shop.url)
        stash.remove(visitor.draft_id, stash.photos(visitor.draft_id)[0].id)
        _fill(customer)
        return [
            _measure("page_start", shop, "/", visitor.headers["Cookie"]),
            _measure("page_review", shop, "/review/", customer.headers["Cookie"]),
        ]


def _fill(customer: upload_clients.Customer) -> None:
    """Photos, prints and delivery, so that the review page has something to show."""
    draft = drafts.get(customer.draft_id)
    if draft is None:
        raise LookupError("the shop did not keep the draft")
    for number in range(PHOTOS - 1):
        customer.upload(upload_clients.tiny_jpeg(number + 1))
    photos = stash.photos(draft.id)
    for photo in photos:
        stash.mark_ready(draft.id, photo.id, width=photo.width, height=photo.height)
    product = next(iter(catalogue.products().values()))
    choice = {"product": product.code, "finish": product.finishes[0].code, "quantity": 2, "fit": "crop", "crop": None}
    drafts.set_items(draft, [choice | {"photo": photo.id} for photo in photos])
    drafts.set_delivery(draft, DELIVERY)


def _measure(name: str, shop: web_servers.WebServer, path: str, cookie: str) -> dict[str, object]:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept-Language: pt\r\n\r\n".encode()
    page = Visitor(shop.port).get(request)
    with ExitStack() as stack:
        file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "page.html"
        file.write_bytes(_as_template(page))
        bare = stack.enter_context(
            web_servers.serving("bench.bare_page:application", BENCH_PAGE=str(file), **ONE_PROCESS)
        )
        ours, floor = [], []
        for _round in range(ROUNDS + 1):
            ours.append(_rate(shop.port, request))
            floor.append(_rate(bare.port, request))
    value, base = statistics.median(ours[1:]), statistics.median(floor[1:])
    return {
        "name": name,
        "value": round(value, 1),
        "unit": "requests/s",
        "floor": round(base, 1),
        "ratio": round(value / base, 3),
        "target": TARGET,
        "ok": value / base >= TARGET,
    }


def _as_template(page: bytes) -> bytes:
    """The page as a template's source: plain text, but for one value of the session."""
    text = re.sub(rb"\{(?=[{%#])", b"(", page)
    return text[:-100] + b"{{ draft }}" + text[-100:]


def _rate(port: int, request: bytes) -> float:
    """Requests a second, by several visitors that each keep their connection. RuntimeError when one met no 200."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for visit in [pool.submit(_visit, port, request) for _client in range(CLIENTS)]:
            visit.result()
    return CLIENTS * REQUESTS / (time.perf_counter() - started)


def _visit(port: int, request: bytes) -> None:
    visitor = Visitor(port)
    for _request in range(REQUESTS):
        visitor.get(request)
    visitor.socket.close()


class Visitor:
    """One kept connection, with as little work of its own as can be: it shares the machine with what it measures."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 60)

    def get(self, request: bytes) -> bytes:
        """The answer's body; RuntimeError unless it is a 200."""
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return body

    def _more(self) -> bytes:
        data = self.socket.recv(262_144)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data
