"""Photos sent at once into a draft that has expired or been paid for: all of them are in one new draft (U4, S8)."""

import io
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from orders import drafts
from orders.tests import visitors
from orders.tests.visitors import Browser
from uploads.tests import pictures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

URL = "/api/v1/drafts/current/photos/"
END: dict[str, Callable[[str], object]] = {
    "expired": drafts.delete,
    "ordered": lambda draft_id: drafts.mark_ordered(draft_id, "PO-1"),
}


class Body(io.BytesIO):
    """A body whose first bytes come when all requests are under way."""

    def __init__(self, data: bytes, together: threading.Barrier | None) -> None:
        super().__init__(data)
        self.together = together

    def read(self, size: int | None = -1, /) -> bytes:
        if self.together and not self.tell():
            self.together.wait(30)
        return super().read(size)


def with_cookies_of(client: Client) -> Browser:
    """Another connection of the same browser."""
    browser = Browser(enforce_csrf_checks=True)
    for name, cookie in client.cookies.items():
        browser.cookies[name] = cookie.value
    return browser


def send(browser: Browser, name: str, data: bytes, together: threading.Barrier | None = None) -> Any:
    extra: dict[str, Any] = {"wsgi.input": Body(data, together), "CONTENT_LENGTH": str(len(data))}
    return browser.generic("POST", URL, content_type="image/jpeg", headers={"X-Filename": name}, **extra)


def names(browser: Client) -> list[str]:
    return sorted(photo["filename"] for photo in browser.get("/api/v1/drafts/current/").json()["photos"])


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("end", END)
def test_uploads_with_the_cookie_of_a_draft_that_ended_meet_in_one(end: str, at_once: bool) -> None:
    """U4: whether they overlap from the first byte on, or one ends before the next begins. Every cookie that was
    answered finds all of them, on the next page too."""
    page = Browser(enforce_csrf_checks=True)
    old = visitors.draft_of(page)
    END[end](old.id)
    files = {f"{n}.jpg": pictures.jpeg(seed=n) for n in range(4)}
    connections = {name: with_cookies_of(page) for name in files}
    answers: dict[str, Any] = {}
    together = threading.Barrier(len(files)) if at_once else None

    def upload(name: str) -> None:
        answers[name] = send(connections[name], name, files[name], together)

    threads = [threading.Thread(target=upload, args=(name,)) for name in files]
    for thread in threads:
        thread.start()
        if not at_once:
            thread.join()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers.values()] == [201] * 4
    assert {name: names(browser) for name, browser in connections.items()} == dict.fromkeys(files, sorted(files))
    last = connections["3.jpg"]
    assert last.get("/").status_code == 200
    assert names(last) == sorted(files)
    assert visitors.draft_of(last).id != old.id


def test_an_upload_outlives_the_page_that_rotates_its_session() -> None:
    """S8, U4: the key changes while the photo is on its way; it arrives in the draft that the new key opens."""
    page = Browser(enforce_csrf_checks=True)
    drafts.mark_ordered(visitors.draft_of(page).id, "PO-1")
    upload, together = with_cookies_of(page), threading.Barrier(2)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(send(upload, "a.jpg", pictures.jpeg(), together)))
    thread.start()
    while not together.n_waiting:
        assert thread.is_alive()
        time.sleep(0.01)
    before = page.cookies["sessionid"].value
    page.get("/")
    together.wait(30)
    thread.join()
    assert page.cookies["sessionid"].value != before
    assert [answer.status_code for answer in answers] == [201]
    assert names(page) == ["a.jpg"]
