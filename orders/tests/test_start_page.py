"""The first page of visitors without photos, rendered once for all of them."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django_redis import get_redis_connection

from orders import drafts, price_book, start_page
from orders.models import ShopSettings
from orders.tests import visitors
from uploads import stash
from uploads.photo import Photo
from uploads.tests import pictures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept_for_a_minute(settings: Any) -> Iterator[None]:
    settings.SHOWN_SECONDS = 60
    start_page._kept.clear()
    price_book.forget()
    yield
    start_page._kept.clear()
    price_book.forget()


def token(page: str) -> str:
    found: set[str] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))
    assert len(found) == 1
    return found.pop()


def test_the_second_visitor_gets_the_kept_page_without_a_query(django_assert_num_queries: Any) -> None:
    first = Client().get("/").content.decode()
    other = Client()
    other.get("/")
    with django_assert_num_queries(0):
        second = other.get("/").content.decode()
    assert second.replace(token(second), token(first)) == first


def test_each_visitor_has_a_csrf_token_of_his_own_that_counts() -> None:
    """S7: the kept page carries nobody else's token."""
    one, two = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    first, second = token(one.get("/").content.decode()), token(two.get("/").content.decode())
    assert first != second
    change = {"language": "en", "next": "/"}
    assert two.post("/i18n/setlang/", change | {"csrfmiddlewaretoken": second}).status_code == 302
    assert two.post("/i18n/setlang/", change | {"csrfmiddlewaretoken": first}).status_code == 403


def test_each_language_has_its_own_page() -> None:
    assert 'lang="pt-PT"' in Client().get("/", headers={"accept-language": "pt"}).content.decode()
    assert 'lang="en"' in Client().get("/", headers={"accept-language": "en"}).content.decode()


def test_a_message_is_shown_to_its_visitor_alone() -> None:
    visitor = Client()
    Client().get("/")
    plain = Client().get("/").content.decode()
    visitor.post("/prints/", {})  # without a draft: "Please choose your photos first."
    told = visitor.get("/").content.decode()
    assert 'class="notice bad"' in told
    assert 'class="notice bad"' not in plain
    assert 'class="notice bad"' not in Client().get("/").content.decode()
    assert 'class="notice bad"' not in visitor.get("/").content.decode()


def test_a_change_of_the_owner_shows_after_the_few_seconds(settings: Any) -> None:
    Client().get("/")
    ShopSettings.objects.update_or_create(pk=1, defaults={"studio_name": "Foto Tejo"})
    assert "Foto Tejo" not in Client().get("/").content.decode()
    start_page._kept.clear()  # as when the seconds are over
    settings.SHOWN_SECONDS = 0.01
    assert "Foto Tejo" in Client().get("/").content.decode()
    ShopSettings.objects.update(studio_name="Foto Sado")
    time.sleep(0.02)
    assert "Foto Sado" in Client().get("/").content.decode()


def test_what_the_first_visitor_chose_is_on_nobody_elses_page() -> None:
    """C62: the sum under the photos, which the script shows with the first of them, says "free pickup" to whoever chose it."""
    visitor = Client()
    drafts.set_delivery(visitors.draft_of(visitor), visitors.PICKUP)
    assert visitor.get("/").status_code == 200
    assert "levantamento grátis" not in Client().get("/").content.decode()


def kept_in_redis() -> set[bytes]:
    return set(get_redis_connection("default").keys("*"))


def test_who_only_looks_leaves_nothing_in_redis_and_gets_the_form_token_alone() -> None:
    """Whatever calls the first page ever so often fills no memory; the token's cookie is part of the contract."""
    before = kept_in_redis()
    visits = [Client() for _visit in range(20)]
    assert [visitor.get("/").status_code for visitor in visits] == [200] * 20
    assert {tuple(visitor.cookies) for visitor in visits} == {("csrftoken",)}
    assert kept_in_redis() == before


def test_the_first_photo_begins_the_order_with_and_without_a_script() -> None:
    """By the first page's token alone: several files of one form are in one draft."""
    plain, scripted = Client(enforce_csrf_checks=True), visitors.Browser(enforce_csrf_checks=True)
    files = [SimpleUploadedFile(f"{n}.jpg", pictures.jpeg(seed=n), "image/jpeg") for n in range(2)]
    form = {"csrfmiddlewaretoken": token(plain.get("/").content.decode()), "file": files}
    assert plain.post("/photos/", form).headers["Location"] == "/"
    scripted.get("/")
    sent = scripted.post(
        "/api/v1/drafts/current/photos/", pictures.jpeg(), "image/jpeg", headers={"X-Filename": "a.jpg"}
    )
    assert sent.status_code == 201
    for browser, names in ((plain, ["0.jpg", "1.jpg"]), (scripted, ["a.jpg"])):
        assert {"sessionid", "csrftoken"} == set(browser.cookies)
        assert [photo.filename for photo in stash.photos(browser.session[drafts.SESSION_KEY])] == names
        assert names[-1] in browser.get("/").content.decode()


def test_first_photos_that_arrive_at_once_are_of_one_order() -> None:
    """U4, S8: they all carry the first page's token and no session yet; who made up another token gets a draft of his own."""
    first = Client()
    first.get("/")
    browsers = [visitors.Browser(enforce_csrf_checks=True) for _photo in range(3)]
    for browser in browsers:
        browser.cookies["csrftoken"] = first.cookies["csrftoken"].value
    stranger = visitors.Browser(enforce_csrf_checks=True)
    stranger.cookies["csrftoken"] = "a" * 32
    for number, browser in enumerate([*browsers, stranger]):
        sent = browser.post("/api/v1/drafts/current/photos/", pictures.jpeg(seed=number), "image/jpeg")
        assert sent.status_code == 201
    (mine,) = {browser.session[drafts.SESSION_KEY] for browser in browsers}
    assert len(stash.photos(mine)) == 3
    assert len(stash.photos(stranger.session[drafts.SESSION_KEY])) == 1
    assert stranger.session[drafts.SESSION_KEY] != mine


def test_a_photo_that_arrives_while_the_page_is_rendered_is_on_nobody_elses_page() -> None:
    """C62: the page is kept for all; the photo is committed between looking for photos and reading the prices."""
    visitor = Client()
    draft = visitors.draft_of(visitor)
    arrived: list[Photo] = []

    def arrive(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not arrived and "shippingzone" in sql:
            arrived.append(visitors.photo(draft, "so-da-maria.jpg"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(arrive):
        visitor.get("/")
    assert len(arrived) == 1
    assert "so-da-maria.jpg" not in Client().get("/").content.decode()
    assert "so-da-maria.jpg" in visitor.get("/").content.decode()
