"""The upload form of pages without JavaScript: several files at once, a message for each that is refused."""

import datetime
import io
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from orders import cards, catalogue, drafts, items, views
from orders.tests import visitors
from uploads import photo_redis, stash
from uploads.tests import pictures

pytestmark = pytest.mark.django_db


def browser() -> Client:
    """A visitor's browser that has a draft and the CSRF cookie."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert client.get("/api/v1/drafts/current/").status_code == 200
    return client


def file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")


def names(client: Client) -> list[str]:
    return [photo["filename"] for photo in client.get("/api/v1/drafts/current/").json()["photos"]]


def test_several_files_arrive_and_each_refused_one_is_named() -> None:
    """U2: one broken file leaves the others untouched."""
    client = browser()
    files = [
        file("um.jpg", pictures.jpeg(seed=1)),
        file("dois.jpg", b"no picture"),
        file("três.jpg", pictures.jpeg(seed=3)),
    ]
    answer = client.post("/photos/", {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "file": files})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert names(client) == ["um.jpg", "três.jpg"]
    texts = [str(message) for message in get_messages(answer.wsgi_request)]
    assert len(texts) == 1
    assert "dois.jpg" in texts[0]


def test_a_form_from_a_foreign_site_stores_nothing() -> None:
    """S7."""
    client = browser()
    for fields in ({}, {"csrfmiddlewaretoken": "x" * 64}):
        answer = client.post("/photos/", {**fields, "file": [file("um.jpg", pictures.jpeg())]})
        assert answer.status_code == 403
    assert names(client) == []
    assert stash.staged_bytes() == 0


def test_a_token_behind_the_files_does_not_count() -> None:
    """S7: no byte of a file is taken before the token was seen."""
    client = browser()
    token = client.cookies["csrftoken"].value
    answer = client.post("/photos/", {"file": [file("um.jpg", pictures.jpeg())], "csrfmiddlewaretoken": token})
    assert answer.status_code == 403
    assert names(client) == []


def test_a_form_without_files_says_so() -> None:
    client = browser()
    answer = client.post("/photos/", {"csrfmiddlewaretoken": client.cookies["csrftoken"].value})
    assert answer.status_code == 403 or len(list(get_messages(answer.wsgi_request))) == 1


def test_reading_the_address_is_not_allowed() -> None:
    assert browser().get("/photos/").status_code == 405


def test_the_same_for_all_changes_only_what_was_chosen_and_never_a_cut() -> None:
    """U8: without a script too; further sizes of a photo, and what was left as it is, stay."""
    rows = "photo-0=p&product-0=10x15&finish-0=matte&quantity-0=3&fit-0=crop"
    other = "photo-1=p&product-1=20x30&finish-1=matte&quantity-1=1&fit-1=border"
    cut = "crop-0=" + quote('{"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.5}')
    data = QueryDict(f"{rows}&{cut}&{other}&product-all=&finish-all=glossy&quantity-all=&fit-all=&apply=1")
    before = cards.sent_rows(data)
    first, second = cards.all_alike(before, data)
    assert first == before[0] | {"finish": "glossy"}
    assert first["crop"] == {"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.5}
    assert second == before[1]


def test_a_turn_stays_through_a_form_and_goes_with_another_size() -> None:
    """U8: a cut is of its size, the turn of the photo; a turn that is none is as if no crop was sent (S5)."""
    cut = '{"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.5, "turn": 270}'
    rows = "photo-0=p&product-0=10x15&finish-0=matte&quantity-0=3&fit-0=crop&crop-0="
    sent = cards.sent_rows(QueryDict(rows + quote(cut)))
    assert sent[0]["crop"] == {"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.5, "turn": 270}
    _first, another = cards.with_another(sent, "p", ["10x15", "20x30"])
    assert another["crop"] == {"x": 0, "y": 0, "width": 1, "height": 1, "turn": 270}
    for bad in ("45", '"90"', "[90]", "NaN"):
        assert cards.sent_rows(QueryDict(rows + quote(cut.replace("270", bad))))[0]["crop"] is None


def test_prints_of_a_photo_that_was_removed_in_another_tab_are_named() -> None:
    """U5: with what is wrong; what was chosen for the other photos is kept and goes through with the next press."""
    catalogue.install_default_catalogue()
    client = visitors.Browser(headers={"Accept-Language": "en"})
    draft = visitors.draft_of(client)
    kept, gone = visitors.photo(draft), visitors.photo(draft)
    stash.remove(draft.id, gone.id)
    rows: dict[str, str] = {}
    for suffix, photo in enumerate((gone, kept)):
        fields = {"photo": photo.id, "product": "10x15", "finish": "matte", "quantity": "7", "fit": "crop"}
        rows |= {f"{name}-{suffix}": value for name, value in fields.items()}
    answer = client.post("/prints/", rows | {"next": "1"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This photo is no longer part of the order." in page
    assert 'name="quantity-1" data-field="quantity" type="number"' in page
    assert 'value="7"' in page
    assert gone.id not in page
    assert visitors.draft_of(client).items == []
    left = {name: value for name, value in rows.items() if name.endswith("-1")}
    assert client.post("/prints/", left | {"next": "1"}).headers["Location"] == "/delivery/"
    assert [row["quantity"] for row in visitors.draft_of(client).items] == [7]


def send_rows(client: Client, photo_id: str, count: int) -> Any:
    """Presses "Continue" with so many prints of one photo, as a browser sends them."""
    cut = '{"x":0.12345678901234567,"y":0.12345678901234567,"width":0.5123456789012345,"height":0.5123456789012345,"turn":90}'
    fields = {"photo": photo_id, "product": "10x15", "finish": "matte", "quantity": "2", "fit": "crop", "crop": cut}
    assert tuple(fields) == cards.FIELDS
    rows = {f"{name}-js{at}": value for at in range(count) for name, value in fields.items()}
    return client.post("/prints/", urlencode(rows | {"next": "1"}), "application/x-www-form-urlencoded")


def test_as_many_prints_as_a_draft_holds_go_through_the_form(settings: Any) -> None:
    """U0: 200 photos in ten sizes each; the form is sent as one, with a script too."""
    assert len(cards.FIELDS) * items.MAX_ROWS + 100 == settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    catalogue.install_default_catalogue()
    client = visitors.Browser(enforce_csrf_checks=True)
    draft = visitors.draft_of(client)
    answer = send_rows(client, visitors.photo(draft).id, items.MAX_ROWS)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/delivery/")
    assert [row["quantity"] for row in visitors.draft_of(client).items] == [2] * 2000


def test_a_print_more_than_a_draft_holds_is_refused_aloud_and_none_is_left_out() -> None:
    """U0."""
    catalogue.install_default_catalogue()
    client = visitors.Browser(headers={"Accept-Language": "en"})
    draft = visitors.draft_of(client)
    photo = visitors.photo(draft)
    drafts.set_items(draft, [visitors.row(photo, 3)])
    answer = send_rows(client, "0" * 32, items.MAX_ROWS + 1)
    assert answer.status_code == 422
    assert "At most 2000 different prints fit in one order." in answer.content.decode()
    assert [row["quantity"] for row in visitors.draft_of(client).items] == [3]


@pytest.mark.parametrize("method", ["get", "head"])
def test_the_address_of_the_form_that_came_back_leads_to_the_photos(method: str) -> None:
    """U5: a phone that reloads it, or a bookmark of it, finds no empty page; nothing changes."""
    client = visitors.Browser()
    draft = visitors.draft_of(client)
    answer = getattr(client, method)("/prints/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.put("/prints/").status_code == 405
    assert visitors.draft_of(client).version == draft.version


class Losing(io.BytesIO):
    """A body in whose middle Redis loses what it was given so far."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 2_000_000:
            redis = photo_redis.client()
            for key in redis.keys("photo:*:3"):
                redis.delete(key)
        return super().read(size)


def test_an_upload_that_was_lost_on_its_way_says_so() -> None:
    """U3: what had arrived is gone again, and the customer is asked to try once more."""
    client = browser()
    token = client.cookies["csrftoken"].value
    picture = pictures.encoded(pictures.noise(2000, 2000), quality=95)
    assert len(picture) > 3_000_000
    fields = {"csrfmiddlewaretoken": token, "file": file("um.jpg", picture)}
    body = encode_multipart(BOUNDARY, fields)
    head = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": MULTIPART_CONTENT}
    arriving: dict[str, Any] = head | {"wsgi.input": Losing(body)}
    answer = client.generic("POST", "/photos/", **arriving)
    assert answer.status_code == 302
    texts = [str(message) for message in get_messages(answer.wsgi_request)]
    assert texts == ["O envio foi interrompido. Tente de novo."]
    assert names(client) == []
    assert stash.staged_bytes() == 0


def test_a_page_loads_anew_by_itself_only_until_nothing_can_have_been_chosen_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """U5: without JavaScript what was chosen and not saved would be gone; so would the marks of what to correct."""
    catalogue.install_default_catalogue()
    client = browser()
    token = client.cookies["csrftoken"].value
    client.post("/photos/", {"csrfmiddlewaretoken": token, "file": file("um.jpg", pictures.jpeg(seed=1))})
    again = b'http-equiv="refresh"'
    assert again in client.get("/").content
    (photo,) = client.get("/api/v1/drafts/current/").json()["photos"]
    row = {"photo": photo["id"], "product": "10x15", "finish": "matte", "quantity": "none", "fit": "crop"}
    wrong = {f"{name}-0": value for name, value in row.items()}
    refused = client.post("/prints/", wrong | {"csrfmiddlewaretoken": token, "save": "1"})
    assert (refused.status_code, again in refused.content) == (422, False)
    monkeypatch.setattr(views, "LOOK_AGAIN_FOR", datetime.timedelta(0))
    assert again not in client.get("/").content
