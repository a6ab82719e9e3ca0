"""The API's payment calls and the pay button: DESIGN §4, C62, S7."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from orders import drafts, price_book
from orders.models import Order, PriceTier
from orders.tests import visitors
from payments import confirmation
from payments.models import PaymentAttempt, Refund
from payments.tests.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)
JSON = "application/json"


def visitor() -> tuple[Client, drafts.Draft]:
    """A browser whose draft is ready to be paid."""
    client = Client()
    draft = visitors.complete()
    client.get("/api/v1/drafts/current/")
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    return client, draft


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("staff@example.test", "a long password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, path: str, body: dict[str, Any], key: str = "") -> Any:
    """As the pages' own JavaScript posts: with the CSRF token."""
    client.get("/api/v1/drafts/current/")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value} | ({"Idempotency-Key": key} if key else {})
    return client.post(f"/api/v1/{path}", body, content_type=JSON, headers=headers)


def checkout(client: Client, **body: Any) -> Any:
    return post(client, "drafts/current/checkout/", body)


def test_checkout_answers_with_the_page_and_the_orders_link(stripe_api: StandIn) -> None:
    client, _draft = visitor()
    answer = checkout(client, method="checkout", accept_terms=True)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    order = Order.objects.get()
    assert (body["order"], body["client_secret"]) == (order.number, None)
    assert body["url"] == stripe_api.objects("checkout.session")[0]["url"]
    assert f"/orders/{order.number}/?t=" in body["order_url"]


def test_refusals_have_their_codes_and_make_nothing(stripe_api: StandIn) -> None:
    client, draft = visitor()
    answer = checkout(client, method="checkout")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "terms_not_accepted")
    drafts.update(draft.id, lambda newest: setattr(newest, "items", []))
    answer = checkout(client, method="checkout", accept_terms=True)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "draft_incomplete")
    assert answer.json()["missing"] == ["items"]
    one = [{**draft.items[0], "quantity": 1}]  # 35 cents: Stripe charges 50 or more (C31)
    drafts.update(draft.id, lambda newest: setattr(newest, "items", one))
    answer = checkout(client, method="checkout", accept_terms=True)
    assert (answer.status_code, answer.json()["missing"]) == (409, ["minimum_order"])
    answer = checkout(client, method="gold", accept_terms=True)
    assert answer.status_code == 400
    assert PaymentAttempt.objects.count() == 0


def test_another_visitors_draft_is_unknown(stripe_api: StandIn) -> None:
    """C62."""
    _client, draft = visitor()
    stranger = Client()
    answer = post(stranger, f"drafts/{draft.id}/checkout/", {"accept_terms": True})
    assert answer.status_code == 404
    assert PaymentAttempt.objects.count() == 0


def test_a_foreign_site_cannot_order(stripe_api: StandIn) -> None:
    """S7: without the CSRF token nothing is made, by the API or the form."""
    client, _draft = visitor()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    api = strict.post("/api/v1/drafts/current/checkout/", {"accept_terms": True}, content_type=JSON)
    assert api.status_code == 403
    assert strict.post("/checkout/", {"accept_terms": "on"}).status_code == 403
    assert PaymentAttempt.objects.count() == 0


def test_stripe_away_is_503_in_the_api_and_a_page_for_customers(stripe_api: StandIn) -> None:
    client, draft = visitor()
    stripe_api.fail("reset", path="/v1/checkout/sessions", times=6)
    answer = checkout(client, accept_terms=True)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "payment_service_unavailable")
    page = client.post("/checkout/", {"accept_terms": "on"})
    assert (page.status_code, page["Retry-After"]) == (503, "60")
    newest = drafts.get(draft.id)
    assert newest is not None
    assert newest.items == draft.items


def test_the_button_leads_to_stripe_or_back_to_the_review_page(stripe_api: StandIn) -> None:
    client, _draft = visitor()
    refused = client.post("/checkout/", {})
    assert (refused.status_code, refused["Location"]) == (302, "/review/")
    assert PaymentAttempt.objects.count() == 0
    started = client.post("/checkout/", {"accept_terms": "on"})
    assert (started.status_code, started["Location"]) == (302, stripe_api.objects("checkout.session")[0]["url"])


@pytest.mark.parametrize("gone", ["session", "draft"])
def test_who_pays_after_the_session_or_its_draft_is_gone_is_led_to_the_first_page(
    stripe_api: StandIn, gone: str
) -> None:
    """U5: as on every other page, with a word about it and not a bare 404."""
    client, draft = visitor()
    if gone == "session":
        del client.cookies["sessionid"]
    drafts.delete(draft.id)
    answer = client.post("/checkout/", {"accept_terms": "on"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    said = {"session": "Escolha primeiro as suas fotografias.", "draft": "não foi concluída a tempo"}
    assert said[gone] in client.get("/").content.decode()
    assert not Order.objects.exists()


@pytest.fixture
def shown_for_a_minute(settings: Any) -> Iterator[None]:
    settings.SHOWN_SECONDS = 60
    price_book.forget()
    yield
    price_book.forget()


@pytest.mark.usefixtures("shown_for_a_minute")
def test_nobody_pays_a_sum_that_was_not_shown(stripe_api: StandIn) -> None:
    """C1: a price raised after the review page was opened, or not shown there yet, is told before anything is charged."""
    client, _draft = visitor()
    form = 'name="shown_cents" value="70"'
    assert form in client.get("/review/").content.decode()
    PriceTier.objects.filter(product__code="10x15").update(unit_cents=40)
    assert form in client.get("/review/").content.decode()
    refused = client.post("/checkout/", {"accept_terms": "on", "shown_cents": "70"})
    assert (refused.status_code, refused["Location"]) == (302, "/review/")
    assert (Order.objects.count(), PaymentAttempt.objects.count()) == (0, 0)
    told = client.get("/review/").content.decode()
    assert "Um preço mudou" in told
    assert 'name="shown_cents" value="80"' in told
    client.post("/checkout/", {"accept_terms": "on", "shown_cents": "80"})
    assert Order.objects.get().total_cents == 80


def paid(stripe_api: StandIn) -> PaymentAttempt:
    client, _draft = visitor()
    checkout(client, accept_terms=True)
    attempt = PaymentAttempt.objects.get()
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    return attempt


def test_staff_see_and_refund_a_payment(stripe_api: StandIn) -> None:
    attempt = paid(stripe_api)
    client = staff("view_money", "refund_order")
    body = client.get(f"/api/v1/payments/{attempt.public_id}/").json()
    assert (body["id"], body["order"], body["provider_id"]) == (
        attempt.public_id,
        attempt.order.number,
        attempt.intent_id,
    )
    assert (body["state"], body["amount_cents"], body["refunded_cents"]) == ("confirmed", 70, 0)
    assert [event["kind"] for event in body["events"]] == ["created", "opened", "confirmed"]
    assert set(body["events"][0]) == {"at", "kind", "from", "to"}
    path = f"payments/{attempt.public_id}/refunds/"
    made = post(client, path, {"amount_cents": 50, "reason": "riscada"})
    assert (made.status_code, made.json()["amount_cents"], made.json()["state"]) == (201, 50, "succeeded")
    over = post(client, path, {"amount_cents": 21, "reason": "x"})
    assert (over.status_code, over.json()["errors"][0]["code"]) == (409, "over_refund")


def test_a_refund_that_waits_for_the_right_key_is_answered_as_made(stripe_api: StandIn, settings: Any) -> None:
    """C33: an error would have the caller ask again, and both would be paid."""
    attempt = paid(stripe_api)
    client = staff("refund_order")
    settings.STRIPE_SECRET_KEY = "wrong"
    made = post(client, f"payments/{attempt.public_id}/refunds/", {"amount_cents": 50, "reason": "riscada"})
    assert (made.status_code, made.json()["state"]) == (201, "created")
    assert Refund.objects.get().state == "created"


def test_a_key_of_a_refund_counts_whole_and_fits_one_amount(stripe_api: StandIn) -> None:
    """C59, C33: two keys that differ after their first forty characters are two refunds; a key that comes again with
    another amount, or without one, is refused, and nothing goes back for it."""
    attempt = paid(stripe_api)
    client, path, key = staff("refund_order"), f"payments/{attempt.public_id}/refunds/", "k" * 60

    def ask(cents: int | None, with_key: str) -> tuple[int, str]:
        amount = {} if cents is None else {"amount_cents": cents}
        answer = post(client, path, amount | {"reason": "x"}, with_key)
        return answer.status_code, answer.json().get("id") or answer.json()["errors"][0]["code"]

    status, first = ask(10, key)
    assert (status, ask(10, key)) == (201, (201, first))
    second = ask(10, key + "2")
    assert (second[0], second[1] != first) == (201, True)
    assert ask(20, key) == ask(None, key) == (422, "idempotency_key_reused")
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [10, 10]
    assert Refund.objects.count() == 2


def test_others_find_no_payment(stripe_api: StandIn) -> None:
    """C62: neither customers nor staff without the right."""
    attempt = paid(stripe_api)
    viewer = staff("view_money")
    assert viewer.get(f"/api/v1/payments/{attempt.public_id}/").status_code == 200
    path = f"payments/{attempt.public_id}/refunds/"
    assert post(viewer, path, {"reason": "x"}).status_code == 404
    assert Client().get(f"/api/v1/payments/{attempt.public_id}/").status_code == 404
    assert stripe_api.objects("refund") == []


def test_an_id_that_cannot_be_one_is_not_found(stripe_api: StandIn) -> None:
    """S5: PostgreSQL takes no NUL."""
    viewer = staff("view_money")
    for crafted in ("%00", "pay_%00", "pay_" + "0" * 5000):
        assert viewer.get(f"/api/v1/payments/{crafted}/").status_code == 404
