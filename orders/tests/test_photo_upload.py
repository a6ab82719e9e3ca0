"""Photos into a draft over HTTP: the contract of POST drafts/{id}/photos/ and what it refuses."""

import hashlib
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from orders import drafts
from orders.tests.test_photo_form import browser
from uploads import stash
from uploads.tests import pictures
from uploads.tests.stashed_bytes import bytes_of

pytestmark = pytest.mark.django_db

URL = "/api/v1/drafts/current/photos/"


@pytest.fixture
def visitor() -> Client:
    return browser()


def send(client: Client, data: bytes, name: str = "a.jpg", kind: str = "image/jpeg") -> Any:
    headers = {"X-Filename": quote(name), "X-CSRFToken": client.cookies["csrftoken"].value}
    return client.post(URL, data=data, content_type=kind, headers=headers)


def send_form(client: Client, data: bytes, name: str = "a.jpg") -> Any:
    file = SimpleUploadedFile(name, data, "image/jpeg")
    return client.post(URL, {"file": file}, headers={"X-CSRFToken": client.cookies["csrftoken"].value})


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


def staged(client: Client) -> list[dict[str, Any]]:
    return client.get("/api/v1/drafts/current/").json()["photos"]  # type: ignore[no-any-return]  # JSON


def staged_draft(client: Client) -> str:
    return str(client.session[drafts.SESSION_KEY])


def test_raw_bytes_become_a_photo_with_the_contracts_fields(visitor: Client) -> None:
    """U7."""
    data = pictures.jpeg(160, 120)
    answer = send(visitor, data, "avó & avô.jpg")
    body = answer.json()
    assert answer.status_code == 201, body
    assert body == {
        "id": body["id"],
        "state": "checking",
        "problem": None,
        "filename": "avó & avô.jpg",
        "content_type": "image/jpeg",
        "bytes": len(data),
        "width": 160,
        "height": 120,
        "sha256": hashlib.sha256(data).hexdigest(),
        "preview_url": body["preview_url"],
        "expires_at": body["expires_at"],
        "duplicate_of": None,
    }
    assert bytes_of(body["id"]) == data
    assert "X-Request-ID" in answer.headers
    preview = visitor.get(body["preview_url"])
    assert (preview.status_code, preview.headers["Retry-After"]) == (202, "1")


def test_a_ready_photos_preview_is_a_jpeg_that_no_browser_takes_for_something_else(visitor: Client) -> None:
    """The contract of the preview: the worker's bytes, kept by this visitor's browser alone."""
    body = send(visitor, pictures.jpeg()).json()
    small = pictures.jpeg(40, 30)
    stash.save_preview(body["id"], small)
    assert visitor.get(body["preview_url"]).status_code == 202  # not before the check has ended
    stash.mark_ready(staged_draft(visitor), body["id"], width=160, height=120)
    preview = visitor.get(body["preview_url"])
    assert (preview.status_code, preview.content) == (200, small)
    assert preview["Content-Type"] == "image/jpeg"
    assert preview["X-Content-Type-Options"] == "nosniff"
    assert preview["Cache-Control"] == "private, max-age=3600"
    assert "Retry-After" not in preview


def test_a_broken_photo_has_no_preview(visitor: Client) -> None:
    """U2: not even one that was made before the photo was found to be broken."""
    body = send(visitor, pictures.jpeg()).json()
    stash.save_preview(body["id"], pictures.jpeg(40, 30))
    stash.mark_broken(staged_draft(visitor), body["id"], "image_broken")
    preview = visitor.get(body["preview_url"])
    assert (preview.status_code, codes(preview)) == (404, ["not_found"])
    [photo] = staged(visitor)
    assert (photo["state"], photo["problem"]["code"]) == ("broken", "image_broken")


def test_a_form_is_streamed_as_well(visitor: Client) -> None:
    data = pictures.encoded(pictures.noise(900, 700), quality=95)
    answer = send_form(visitor, data, "praia.jpg")
    assert answer.status_code == 201, answer.content
    assert answer.json()["filename"] == "praia.jpg"
    assert bytes_of(answer.json()["id"]) == data


def test_the_same_bytes_again_name_the_first_photo(visitor: Client) -> None:
    """U4."""
    first = send(visitor, pictures.jpeg()).json()
    again = send_form(visitor, pictures.jpeg(), "other.jpg")
    assert again.status_code == 201
    assert (again.json()["id"], again.json()["duplicate_of"]) == (first["id"], first["id"])
    assert again.json()["filename"] == "a.jpg"
    assert len(staged(visitor)) == 1


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "empty"),
        (b"hello, world " * 99, 400, "not_an_image"),
        (b"<html><body>hello</body></html>", 400, "not_an_image"),
        (b"PK\x03\x04" + bytes(100), 400, "not_an_image"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", 415, "unsupported_type"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>', 415, "unsupported_type"),
        (b"%PDF-1.7\n" + bytes(100), 415, "unsupported_type"),
        (b"\xff\xd8", 400, "image_broken"),
        (pictures.jpeg()[:-200], 400, "image_broken"),
        (pictures.encoded(pictures.quarters(), "PNG")[:-20], 400, "image_broken"),
        (pictures.encoded(pictures.quarters(), "WEBP")[:-20], 400, "image_broken"),
        (pictures.encoded(pictures.quarters(), "TIFF")[:-20], 400, "image_broken"),
    ],
)
def test_what_is_no_whole_photo_is_refused_by_name_and_leaves_nothing(
    visitor: Client, data: bytes, status: int, code: str
) -> None:
    """U1, U2: by its bytes, not by its name or declared type."""
    for answer in (send(visitor, data, "férias.jpg"), send_form(visitor, data, "férias.jpg")):
        assert (answer.status_code, codes(answer)) == (status, [code])
        assert "férias.jpg" in answer.json()["errors"][0]["detail"]
    assert staged(visitor) == []
    assert stash.staged_bytes() == 0


def test_a_declared_type_and_a_name_mean_nothing(visitor: Client) -> None:
    """U1."""
    answer = send(visitor, pictures.encoded(pictures.quarters(), "PNG"), "virus.exe", "text/plain")
    assert answer.status_code == 201
    assert answer.json()["content_type"] == "image/png"


def test_too_large_a_file_is_refused_by_its_length_and_while_streaming(visitor: Client, settings: LazySettings) -> None:
    settings.UPLOAD_MAX_FILE_MB = 1
    for size in (1_100_000, 2_200_000):
        answer = send(visitor, b"\xff\xd8\xff" + bytes(size), "big.jpg")
        assert (answer.status_code, codes(answer)) == (413, ["file_too_large"])
        assert "big.jpg" in answer.json()["errors"][0]["detail"]
    assert stash.staged_bytes() == 0


def test_too_many_pixels_are_refused(visitor: Client, settings: LazySettings) -> None:
    """U2."""
    settings.UPLOAD_MAX_PIXELS = 160 * 120 - 1
    answer = send(visitor, pictures.jpeg(160, 120))
    assert (answer.status_code, codes(answer)) == (400, ["image_too_large"])


def test_one_photo_more_than_the_limit_is_refused(visitor: Client, settings: LazySettings) -> None:
    settings.UPLOAD_MAX_PHOTOS = 2
    for seed in (1, 2):
        assert send(visitor, pictures.jpeg(seed=seed)).status_code == 201
    answer = send(visitor, pictures.jpeg(seed=3))
    assert (answer.status_code, codes(answer)) == (409, ["too_many_photos"])
    assert len(staged(visitor)) == 2
    assert send(visitor, pictures.jpeg(seed=1)).json()["duplicate_of"]


def test_at_the_memory_budget_the_answer_says_when_to_try_again(visitor: Client, settings: LazySettings) -> None:
    kept = send(visitor, pictures.jpeg(seed=1)).json()
    settings.UPLOADS_MEMORY_BUDGET_MB = 0
    answer = send(visitor, pictures.jpeg(seed=2))
    assert (answer.status_code, codes(answer)) == (503, ["storage_full"])
    assert int(answer.headers["Retry-After"]) > 0
    assert [photo["id"] for photo in staged(visitor)] == [kept["id"]]


def test_a_photo_redis_that_is_away_is_a_503(visitor: Client, settings: LazySettings) -> None:
    """C50."""
    settings.PHOTOS_REDIS_URL = "redis://127.0.0.1:1/0"
    answer = send(visitor, pictures.jpeg())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_an_upload_without_the_token_is_refused_before_its_body_is_read(visitor: Client) -> None:
    """S7."""
    before = stash.staged_bytes()
    answer = visitor.post(URL, data=pictures.jpeg(), content_type="image/jpeg", headers={"X-Filename": "a.jpg"})
    assert answer.status_code == 403
    file = SimpleUploadedFile("a.jpg", pictures.jpeg(), "image/jpeg")
    token = visitor.cookies["csrftoken"].value
    assert visitor.post(URL, {"csrfmiddlewaretoken": token, "file": file}).status_code == 403
    assert stash.staged_bytes() == before == 0
    assert staged(visitor) == []


def test_another_visitors_photos_are_not_found(visitor: Client) -> None:
    """C62, S8."""
    photo = send(visitor, pictures.jpeg()).json()
    draft = visitor.get("/api/v1/drafts/current/").json()["id"]
    stranger = browser()
    token = {"X-CSRFToken": stranger.cookies["csrftoken"].value}
    place = f"/api/v1/drafts/{draft}/photos/"
    assert stranger.get(f"{place}{photo['id']}/").status_code == 404
    assert stranger.get(f"{place}{photo['id']}/preview/").status_code == 404
    assert stranger.get(f"{URL}{photo['id']}/").status_code == 404
    assert stranger.delete(f"{place}{photo['id']}/", headers=token).status_code == 404
    answer = stranger.post(place, data=pictures.jpeg(seed=2), content_type="image/jpeg", headers=token)
    assert answer.status_code == 404
    assert [photo["id"] for photo in staged(visitor)] == [photo["id"]]


def test_a_removed_photo_is_gone(visitor: Client) -> None:
    photo = send(visitor, pictures.jpeg()).json()
    token = {"X-CSRFToken": visitor.cookies["csrftoken"].value}
    assert visitor.delete(f"{URL}{photo['id']}/", headers=token).status_code == 204
    assert visitor.get(f"{URL}{photo['id']}/").status_code == 404
    assert staged(visitor) == []
    assert not stash.exists(photo["id"])
    assert stash.staged_bytes() == 0


@pytest.mark.parametrize(
    "name",
    [
        "São João 🎉.jpg",
        "写真.jpg",
        'a"b;c=d.jpg',
        "../../etc/passwd.jpg",
        "a&amp;b%22.jpg",
        "é" * 296 + ".jpg",
        "👩‍👩‍👧" * 50,
    ],
)
def test_names_are_shown_as_given(visitor: Client, name: str) -> None:
    """U10."""
    assert send(visitor, pictures.jpeg(), name).json()["filename"] == name
