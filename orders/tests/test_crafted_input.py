"""Input that no browser sends and PostgreSQL or Python cannot take: refused like any other wrong input, never a 500 (S5)."""

import base64
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders import coupons, drafts, links
from orders.models import Order
from orders.tests import visitors
from orders.tests.factories import OrderFactory
from uploads import stash

pytestmark = pytest.mark.django_db

NUMBERS = ["%00", "PO-%00", "PO-" + "9" * 5000, "PO-ção"]
DEEP = "[" * 100_000
HUGE = '{"x":' + "1" * 400 + ',"y":0,"width":1,"height":1}'


def with_draft(client: Client) -> drafts.Draft:
    """The browser has a draft of one photo, printed twice."""
    draft = visitors.complete()
    visitors.draft_of(client)
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    return draft


@pytest.mark.parametrize("number", NUMBERS)
def test_an_order_number_that_cannot_be_one_is_not_found(client: Client, number: str) -> None:
    assert client.get(f"/orders/{number}/?t=x").status_code == 404
    assert client.get(f"/orders/{number}/photos/1.jpg?t=x").status_code == 404
    assert client.get(f"/orders/{number}/cancel/?t=x").status_code == 404
    for action in ("photos/1/again/", "reorder/", "ask/", "cancel/"):
        assert client.post(f"/orders/{number}/{action}?t=x").status_code == 404
    assert client.get(f"/reorder/{number}/").status_code == 404
    for answer in (
        client.get(f"/api/v1/orders/{number}/"),
        client.post(f"/api/v1/orders/{number}/photos/1/?t=x", b"x", content_type="image/jpeg"),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")


def test_every_number_of_an_order_can_be_one() -> None:
    """Else its page could not be opened."""
    order = OrderFactory()
    assert len(order.number) == 13
    assert Client().get(f"/api/v1/orders/{order.number}/").status_code == 404
    assert Client().get(links.order_path(order)).status_code == 200


@pytest.mark.parametrize("code", ["\x00", "VERAO\x0010", "\ud800", "\udfff10"])
def test_a_coupon_code_that_cannot_be_stored_is_unknown(client: Client, code: str) -> None:
    draft = with_draft(client)
    url = reverse("api:coupon", args=["current"])
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else ""
    answer = client.put(
        url, json.dumps({"code": code}), content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "coupon_unknown")
    form = client.post("/coupon/", {"code": code.encode("utf-8", "replace")}, follow=True)
    assert form.status_code == 200
    assert str(coupons.DETAILS["coupon_unknown"]) in form.content.decode()
    kept = drafts.get(draft.id)
    assert kept is not None
    assert kept.coupon == ""


@pytest.mark.parametrize("candidate", [DEEP, '{"street":' + "[" * 5000, HUGE, "\x00", '{"street":"\\ud800"}'])
def test_a_candidate_that_is_none_chooses_nothing(client: Client, candidate: str) -> None:
    draft = with_draft(client)
    typed = visitors.POST | {"street": "", "choose": "1", "candidate": candidate}
    assert client.post("/delivery/", typed).status_code == 422
    kept = drafts.get(draft.id)
    assert kept is not None
    assert kept.delivery == draft.delivery


@pytest.mark.parametrize("crop", [DEEP, HUGE, '{"x":NaN,"y":0,"width":1,"height":Infinity}', '{"x":1e999}'])
@pytest.mark.parametrize("quantity", ["2", "many"])
def test_a_crop_that_is_none_is_as_if_none_was_sent(client: Client, crop: str, quantity: str) -> None:
    """With and without another error, after which the form is shown again with what was typed."""
    draft = with_draft(client)
    photo: Any = draft.items[0]["photo"]
    row = {"photo-0": photo, "product-0": "10x15", "finish-0": "matte", "fit-0": "crop"}
    answer = client.post("/prints/", row | {"quantity-0": quantity, "crop-0": crop})
    assert answer.status_code == (302 if quantity == "2" else 422)
    if quantity == "many":
        assert 'name="crop-0" value=""' in answer.content.decode()
    kept = drafts.get(draft.id)
    assert kept is not None
    assert [item["crop"] for item in kept.items] == [None]


@pytest.mark.parametrize("made", ["{}:next", "{}:next:next", "{}%0A", "x", "%00", "../{}", "é" * 32, "*"])
def test_a_draft_id_that_cannot_be_one_is_not_found(made: str) -> None:
    """S8: nor is another key that stands beside the draft's own, such as the one that leads to the draft after it."""
    browser = visitors.Browser()
    old = visitors.draft_of(browser)
    drafts.mark_ordered(old.id, "PO-1")
    new = visitors.draft_of(browser)
    assert new.id != old.id
    draft_id = made.format(old.id)
    assert drafts.get(draft_id) is None
    url = f"/api/v1/drafts/{draft_id}/"
    gets = [browser.get(url + part) for part in ("", f"photos/{'0' * 32}/", f"photos/{'0' * 32}/preview/")]
    puts = [
        browser.put(url + part, "[]", content_type="application/json") for part in ("items/", "delivery/", "coupon/")
    ]
    posts = [browser.post(url + part, b"{}", content_type="application/json") for part in ("photos/", "checkout/")]
    assert [answer.status_code for answer in gets + puts + posts] == [404] * 8
    assert visitors.draft_of(browser).id == new.id


@pytest.mark.parametrize("made", ["{}:0", "{}:preview", "{}%0A", "{}:", "x", "%00", "*", "é" * 32])
def test_a_photo_id_that_cannot_be_one_is_not_found(made: str) -> None:
    """Nor is a key that stands beside the photo's own, such as a chunk of its bytes. The photo stays."""
    browser = visitors.Browser()
    draft = with_draft(browser)
    browser.get("/api/v1/drafts/current/")
    kept = stash.photos(draft.id)
    stash.save_preview(kept[0].id, b"jpeg")
    photo_id = made.format(kept[0].id)
    url = f"/api/v1/drafts/current/photos/{photo_id}/"
    answers = [browser.get(url), browser.get(url + "preview/"), browser.delete(url)]
    assert [answer.status_code for answer in answers] == [404] * 3
    row = {"photo-0": kept[0].id, "product-0": "10x15", "finish-0": "matte", "fit-0": "crop", "quantity-0": "2"}
    page = browser.post("/prints/", row | {"remove_photo": photo_id})
    assert (page.status_code, page["Location"]) == (302, "/")
    assert stash.photos(draft.id) == kept
    newest = drafts.get(draft.id)
    assert newest is not None
    assert [item["photo"] for item in newest.items] == [kept[0].id]


def cursor(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "given",
    [
        "p=abc",
        "p=",
        "p=%00",
        "p=2026-02-31 10:00:00%2B00:00",
        "p=2026-02-20 10:00:00",
        "p=" + "9" * 5000,
        "o=-1",
        "r=x",
    ],
)
def test_a_cursor_that_is_none_is_not_found(client: Client, given: str) -> None:
    client.force_login(User.objects.create_user("trade@example.test", "a-long-password"))
    answer = client.get("/api/v1/orders/", {"cursor": cursor(given)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")


def test_a_list_of_orders_is_read_page_by_page_and_back(client: Client) -> None:
    """What the cursors that the shop makes lead to."""
    user = User.objects.create_user("trade@example.test", "a-long-password")
    client.force_login(user)
    orders = [OrderFactory(customer=user).number for _ in range(51)]
    first = client.get("/api/v1/orders/").json()
    second = client.get(first["next"]).json()
    assert [order["number"] for order in first["results"] + second["results"]] == orders[::-1]
    assert client.get(second["previous"]).json()["results"] == first["results"]
    assert second["next"] is None


@pytest.mark.parametrize("method", ["\ud800", "card\udfff", "cartão"])
def test_a_way_to_pay_that_is_none_is_named_whatever_it_is_made_of(method: str) -> None:
    """The answer says what was sent; half a surrogate pair, which JSON can carry, cannot be said in UTF-8."""
    browser = visitors.Browser(raise_request_exception=False)
    draft = with_draft(browser)
    url = reverse("payments-api:checkout", args=["current"])
    body = json.dumps({"method": method, "accept_terms": True})
    answer = browser.post(url, body, content_type="application/json")
    said = method.encode("utf-8", "replace").decode()
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["attr"]) == (400, "invalid_choice", "method")
    assert said in error["detail"]
    assert not Order.objects.exists()
    assert drafts.get(draft.id) == draft
