"""The API with a trade customer's key: drafts of one's own, from any machine, and nobody else's (C62, S7)."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog
from django.test import Client

from accounts import services
from accounts.models import User
from orders.catalogue import install_default_catalogue
from orders.tests.factories import OrderFactory
from uploads.tests import pictures

pytestmark = pytest.mark.django_db(transaction=True)


def caller(user: User) -> Callable[..., Any]:
    """A program: it sends the key and its body, keeps no cookie and knows no CSRF token."""
    key = services.make_api_key(user)

    def call(method: str, path: str, body: object = None, **given: Any) -> Any:
        client = Client(enforce_csrf_checks=True)
        sent = {"content_type": "application/json"} | ({} if body is None else {"data": body}) | given
        return getattr(client, method)(f"/api/v1/{path}", headers={"Authorization": f"Api-Key {key}"}, **sent)

    return call


@pytest.fixture
def trade() -> User:
    install_default_catalogue()
    return services.ensure_trade_customer("trade@example.test", "a-long-password")[0]


def test_a_draft_is_filled_call_by_call_with_the_key_alone(trade: User) -> None:
    call = caller(trade)
    made = call("post", "drafts/")
    assert made.status_code == 201
    draft = made.json()["id"]
    photo = call("post", f"drafts/{draft}/photos/", pictures.jpeg(), content_type="image/jpeg")
    assert photo.status_code == 201
    item = {
        "photo": photo.json()["id"],
        "product": "10x15",
        "finish": "matte",
        "quantity": 3,
        "fit": "crop",
        "crop": None,
    }
    filled = call("put", f"drafts/{draft}/items/", [item])
    assert filled.status_code == 200
    assert call("get", f"drafts/{draft}/").json()["totals"]["prints"] == 3


def test_another_customers_key_opens_neither_draft_nor_order(trade: User) -> None:
    """C62: not found, and nothing is changed."""
    mine, other = caller(trade), caller(services.ensure_trade_customer("other@example.test", None)[0])
    draft = mine("post", "drafts/").json()["id"]
    order = OrderFactory(paid=True, customer=trade)
    assert other("get", f"drafts/{draft}/").status_code == 404
    assert other("put", f"drafts/{draft}/items/", []).status_code == 404
    assert other("get", f"orders/{order.number}/").status_code == 404
    assert other("get", "orders/").json()["results"] == []
    assert [found["number"] for found in mine("get", "orders/").json()["results"]] == [order.number]
    assert mine("get", f"orders/{order.number}/").status_code == 200


@pytest.mark.parametrize("header", ["Api-Key wrong", "Api-Key", "Api-Key é"])
def test_a_wrong_key_is_refused_and_makes_no_draft(trade: User, header: str) -> None:
    answer = Client().post("/api/v1/drafts/", headers={"Authorization": header})
    assert answer.status_code == 403
    assert [error["code"] for error in answer.json()["errors"]] == ["authentication_failed"]
    assert "sessionid" not in answer.cookies


def test_without_a_key_the_csrf_token_is_asked_for_as_before(trade: User) -> None:
    """S7: the header of another scheme is no way round it."""
    client = Client(enforce_csrf_checks=True)
    assert client.post("/api/v1/drafts/").status_code == 403
    assert client.post("/api/v1/drafts/", headers={"Authorization": "Bearer x"}).status_code == 403


def test_the_callers_number_stands_in_the_log_lines(trade: User) -> None:
    """C61."""
    structlog.contextvars.clear_contextvars()
    caller(trade)("get", "orders/")
    assert structlog.contextvars.get_contextvars()["user_id"] == trade.pk
