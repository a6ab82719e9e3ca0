"""The order page's form for a photo that the shop asked for again: streamed, and only where the link and token hold."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from orders import links, services
from orders.models import Order
from orders.tests.paid_orders import jpeg, paid_order
from uploads import stash
from uploads.tests.stashed_bytes import bytes_of

pytestmark = pytest.mark.django_db(transaction=True)

BOUNDARY = "a0b1"


class Watched(io.BytesIO):
    """A body as it arrives; notes what lies in the folder for temporary files while it is read."""

    def __init__(self, data: bytes, folder: Path) -> None:
        super().__init__(data)
        self.folder, self.seen = folder, set[Path]()

    def read(self, size: int | None = -1, /) -> bytes:
        self.seen |= set(self.folder.iterdir())
        return super().read(size)


class Overtaken(io.BytesIO):
    """A body in the midst of whose arrival something else happens, once."""

    def __init__(self, data: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(data)
        self.meanwhile: list[Callable[[], object]] = [meanwhile]

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if self.tell() == len(self.getbuffer()) and self.meanwhile:
            self.meanwhile.pop()()
        return found


def asked_for() -> Order:
    """A paid order whose only photo is wanted again."""
    order = paid_order([jpeg(seed=1)])
    photo = order.photos.get()
    stash.release([photo.photo_id], order.number)
    return services.need_photos(order, [photo.photo_id])


def form(token: str, data: bytes) -> bytes:
    fields = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="nova.jpg"\r\n\r\n'
    return fields.encode() + file.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def path(order: Order, token: str = "") -> str:
    return f"/orders/{order.number}/photos/1/again/?t={token or links.token(order)}"


def browser(order: Order) -> tuple[Client, str]:
    """A browser that has the order's page open, and its CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.get(links.order_path(order))
    return client, client.cookies["csrftoken"].value


@pytest.mark.parametrize(("link", "status"), [("wrong", 404), ("", 302)])
def test_no_file_is_written_to_disk_whether_the_link_holds_or_not(
    settings: Any, tmp_path: Path, link: str, status: int
) -> None:
    """U3: /tmp is memory in the containers; a body of gigabytes would fill it."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    order = asked_for()
    client, token = browser(order)
    body = form(token, b"\0" * 3_000_000)
    watched = Watched(body, tmp_path)
    head = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}"}
    arriving: dict[str, Any] = head | {"wsgi.input": watched}
    answer = client.generic("POST", path(order, link), **arriving)
    assert answer.status_code == status
    refused = [str(message) for message in get_messages(answer.wsgi_request)]
    assert [("nova.jpg" in text) for text in refused] == [True] * (status == 302)  # the file was taken in, and refused
    assert watched.tell() == len(body)  # read to its end and forgotten, else the browser would see a reset
    assert watched.seen == set()
    assert stash.staged_bytes() == 0
    assert order.photos.get().missing_since is not None


def test_the_photo_arrives_with_its_token() -> None:
    """S7."""
    order = asked_for()
    client, token = browser(order)
    data = jpeg(seed=5)
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    answer = client.post(path(order), form(token, data), content_type=content_type)
    assert (answer.status_code, answer.headers["Location"]) == (302, links.order_path(order))
    photo = order.photos.get()
    assert (photo.filename, photo.bytes, photo.missing_since) == ("nova.jpg", len(data), None)
    assert bytes_of(photo.photo_id) == data


@pytest.mark.parametrize("way", ["page", "API"])
@pytest.mark.parametrize("bytes_sent", ["other", "the same"])
def test_of_two_photos_sent_at_once_for_one_place_the_second_leaves_nothing(way: str, bytes_sent: str) -> None:
    """C66, U3: it was kept in Redis for thirty days. The same bytes twice are one photo, and stay the order's (U4)."""
    order = asked_for()
    client, token = browser(order)
    first = jpeg(seed=5)
    late = first if bytes_sent == "the same" else jpeg(seed=6) + bytes(2_000_000)  # longer than what is read at once
    late_body = form(token, late) if way == "page" else late
    multipart = f"multipart/form-data; boundary={BOUNDARY}"
    winner = Client(enforce_csrf_checks=True)
    api = f"/api/v1/orders/{order.number}/photos/1/?t={links.token(order)}"
    answers = []

    def overtake() -> None:
        answers.append(winner.post(api, first, content_type="image/jpeg"))

    head: dict[str, Any] = {"CONTENT_LENGTH": str(len(late_body)), "wsgi.input": Overtaken(late_body, overtake)}
    head["CONTENT_TYPE"] = multipart if way == "page" else "image/jpeg"
    answer = client.generic("POST", path(order) if way == "page" else api, **head)
    assert [each.status_code for each in answers] == [201]
    if way == "page":
        assert [message.level_tag for message in get_messages(answer.wsgi_request)] == ["error"]
    else:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "invalid_transition")
    photo = order.photos.get()
    assert bytes_of(photo.photo_id) == first
    assert stash.held(order.number) == [photo.photo_id]
    assert stash.staged_bytes() == len(first)


@pytest.mark.parametrize("token", ["", "x" * 64])
def test_a_foreign_form_replaces_nothing(token: str) -> None:
    """S7: not even with the link, and no byte is kept."""
    order = asked_for()
    client, _ = browser(order)
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    answer = client.post(path(order), form(token, jpeg(seed=5)), content_type=content_type)
    assert answer.status_code == 403
    assert stash.staged_bytes() == 0
    assert order.photos.get().missing_since is not None


def test_a_photo_that_nobody_asked_for_is_not_even_read() -> None:
    order = paid_order([jpeg(seed=1)])
    before = stash.staged_bytes()
    client, token = browser(order)
    answer = client.post(path(order), {"csrfmiddlewaretoken": token, "file": SimpleUploadedFile("a.jpg", jpeg(seed=5))})
    assert answer.status_code == 302
    assert [message.level_tag for message in get_messages(answer.wsgi_request)] == ["error"]
    assert stash.staged_bytes() == before
    assert stash.photos(order.draft_id) == []


def test_a_form_without_a_file_and_a_cut_one_say_so() -> None:
    order = asked_for()
    client, token = browser(order)
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    empty = client.post(path(order), {"csrfmiddlewaretoken": token})
    cut = client.post(path(order), form(token, jpeg(seed=5))[:-200], content_type=content_type)
    texts = [str(message) for answer in (empty, cut) for message in get_messages(answer.wsgi_request)]
    assert any("Não chegou nenhum ficheiro" in text for text in texts)
    assert any("interrompid" in text for text in texts)
    assert stash.staged_bytes() == 0


def test_the_api_does_not_read_a_photo_that_nobody_asked_for_either() -> None:
    """C66: nor does Redis keep it for weeks with the order's own."""
    order = paid_order([jpeg(seed=1)])
    before, held = stash.staged_bytes(), stash.held(order.number)
    for seq in (1, 2, 10**30):
        url = f"/api/v1/orders/{order.number}/photos/{seq}/?t={links.token(order)}"
        answer = Client(enforce_csrf_checks=True).post(url, jpeg(seed=5), content_type="image/jpeg")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "invalid_transition")
    assert (stash.staged_bytes(), stash.held(order.number)) == (before, held)
    assert stash.photos(order.draft_id) == []
