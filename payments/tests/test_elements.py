"""The Payment Element: an Intent on the shop's own page, settled by the same service as a Session (issue: point 4)."""

import dataclasses
import json
import logging
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.test import Client
from django_redis import get_redis_connection
from stripe.params import PaymentIntentCreateParams

from orders import drafts
from orders.drafts import Draft
from orders.models import Order
from orders.problems import DraftBusy
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts, confirmation, expiry, facts, gateway, parameters, returning, tasks
from payments import checkout as checkout_service
from payments.checkout import CheckoutStarted, start_checkout
from payments.models import PaymentAttempt, WebhookEvent
from payments.problems import MethodNotOffered, PaymentServiceUnavailable
from payments.tests.sdk_types import problems
from payments.tests.stand_in import CHALLENGE, DECLINED, GOOD, StandIn, deliver
from payments.tests.test_api import checkout, visitor
from payments.tests.test_checkout import posted
from payments.tests.test_confirmation import fulfilled, planned
from payments.tests.together import together
from uploads import stash

pytestmark = pytest.mark.django_db(transaction=True)
INTENTS = "/v1/payment_intents"


def start(draft: Draft, method: str = "elements") -> CheckoutStarted:
    return start_checkout(draft, method, language="pt", terms=True)


def confirm(secret: str, **changes: str) -> Any:
    """What Stripe.js does when the customer presses "pay"."""
    body = {"key": django_settings.STRIPE_PUBLISHABLE_KEY, "client_secret": secret, "number": GOOD, "expiry": "12/34",
            "cvc": "123", "name": "Ana", "locale": "pt", "return_url": "http://shop.test/"}  # fmt: skip
    return requests.post(f"{django_settings.STRIPE_API_BASE}/v3/confirm", json=body | changes, timeout=10).json()


def made(stripe_api: StandIn) -> list[dict[str, Any]]:
    return [call for call in stripe_api.calls(INTENTS, "POST") if call["path"] == INTENTS]


def test_an_element_is_one_intent_of_the_orders_sum(stripe_api: StandIn) -> None:
    """C1, C2, C5: asked again, the same Intent and secret."""
    draft = posted(visitors.complete())
    first, again = start(draft), start(draft)
    (intent,) = stripe_api.objects("payment_intent")
    attempt = PaymentAttempt.objects.get()
    assert (intent["amount"], intent["currency"]) == (first.order.total_cents, "eur")
    assert (attempt.method, attempt.state, attempt.intent_id, attempt.session_id) == (
        "elements",
        "pending",
        intent["id"],
        None,
    )
    assert first.client_secret == again.client_secret == intent["client_secret"]
    assert first.url == f"{django_settings.SITE_URL}/pay/{attempt.public_id}/"
    assert len(made(stripe_api)) == 1
    sent = parameters.recall(str(attempt.idempotency_key), attempt.params_hash)
    assert sent is not None
    assert problems(PaymentIntentCreateParams, sent) == []
    assert (sent["shipping"]["name"], sent["metadata"]["order"]) == ("Maria João Ângelo", first.order.number)
    assert stripe_api.objects("checkout.session") == []


@pytest.mark.race
def test_eight_clicks_at_once_leave_one_intent(stripe_api: StandIn) -> None:
    """C5."""
    draft = visitors.complete()
    together(8, lambda: start(draft))
    assert len(stripe_api.objects("payment_intent")) == 1
    assert PaymentAttempt.objects.count() == 1


def test_an_element_is_paid_by_the_webhook_alone(stripe_api: StandIn) -> None:
    """C8: order, personal data and effects as by hosted Checkout."""
    started = start(posted(visitors.complete()))
    assert confirm(started.client_secret)["paymentIntent"]["status"] == "succeeded"
    deliver(stripe_api.objects("event"))
    order = Order.objects.get()
    attempt = order.attempts.get()
    assert (attempt.state, attempt.received_cents, order.state, order.payment_state) == (
        "confirmed",
        order.total_cents,
        "paid",
        "paid",
    )
    assert (order.name, fulfilled(order)) == ("Maria João Ângelo", planned(order))
    assert attempt.charge_id == stripe_api.objects("charge")[0]["id"]
    told = WebhookEvent.objects.get(type="payment_intent.succeeded")
    assert (told.state, told.attempts) == ("processed", 1)


@pytest.mark.race
def test_webhook_and_return_page_at_once_give_one_set(stripe_api: StandIn) -> None:
    """C9."""
    started = start(visitors.complete())
    confirm(started.client_secret)
    attempt = PaymentAttempt.objects.get()
    draft_id = started.order.draft_id
    results = together(8, lambda: returning.confirm_return(str(attempt.intent_id), {draft_id}).outcome)
    deliver(stripe_api.objects("event"))
    assert results == ["paid"] * 8
    assert attempt.events.filter(kind="confirmed").count() == 1
    assert fulfilled(started.order) == planned(started.order)


def test_a_declined_card_is_said_in_portuguese_and_another_pays(stripe_api: StandIn) -> None:
    started = start(visitors.complete())
    declined = confirm(started.client_secret, number=DECLINED)["error"]
    assert (declined["type"], declined["message"]) == ("card_error", "O cartão foi recusado. Experimente outro cartão.")
    deliver(stripe_api.objects("event"))
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.order.state, fulfilled(attempt.order)) == ("pending", "pending", [])
    confirm(started.client_secret)
    assert returning.confirm_return(str(attempt.intent_id), {attempt.order.draft_id}).outcome == "paid"


def test_an_edited_draft_cancels_the_old_intent(stripe_api: StandIn) -> None:
    """C6: the old sum can no longer be charged; the next checkout makes an Intent of the new one."""
    draft = visitors.complete()
    old = start(draft)
    (photo,) = stash.photos(draft.id)
    draft = drafts.set_items(draft, [visitors.row(photo, 5)])
    expiry.expire_attempts(draft.id)
    assert [row["status"] for row in stripe_api.objects("payment_intent")] == ["canceled"]
    assert "error" in confirm(old.client_secret)
    new = start(draft)
    assert new.order.pk != old.order.pk
    amounts = {row["amount"]: row["status"] for row in stripe_api.objects("payment_intent")}
    assert amounts == {70: "canceled", new.order.total_cents: "requires_payment_method"}
    old.order.refresh_from_db()
    assert old.order.state == "expired"


def test_changing_to_stripes_page_cancels_the_intent_and_back_again(stripe_api: StandIn) -> None:
    """C5: one payable at a time, whichever page."""
    draft = visitors.complete()
    start(draft)
    hosted = start(draft, "checkout")
    assert hosted.client_secret == ""
    assert [row["status"] for row in stripe_api.objects("payment_intent")] == ["canceled"]
    start(draft)
    assert [row["status"] for row in stripe_api.objects("checkout.session")] == ["expired"]
    assert sorted(PaymentAttempt.objects.values_list("state", flat=True)) == ["canceled", "canceled", "pending"]
    assert Order.objects.count() == 1


def test_an_answer_that_never_came_is_asked_for_again_with_the_same_key(stripe_api: StandIn) -> None:
    """C41, C43: one Intent."""
    draft = visitors.complete()
    stripe_api.fail("reset", path=INTENTS, when="after")
    stripe_api.fail("reset", path=INTENTS, when="before", times=2)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    assert PaymentAttempt.objects.get().state == "created"
    assert start(draft).client_secret
    assert len(stripe_api.objects("payment_intent")) == 1


def test_an_intent_whose_id_was_never_stored_is_found_by_its_metadata(stripe_api: StandIn) -> None:
    """C3, C49: and Redis is gone as well: the address comes from Stripe."""
    started = start(posted(visitors.complete()))
    PaymentAttempt.objects.update(intent_id=None, url="", state="created")
    confirm(started.client_secret)
    get_redis_connection("default").flushdb()
    deliver([row for row in stripe_api.objects("event") if row["type"] == "payment_intent.succeeded"])
    order = Order.objects.get()
    assert (order.state, order.payment_state, order.email) == ("needs_photos", "paid", "maria@example.test")
    assert (order.street, order.nif) == ("Rua Augusta 100", "123456789")
    assert WebhookEvent.objects.get().state == "processed"


def test_an_intent_of_another_program_with_the_same_account_is_not_the_shops(stripe_api: StandIn) -> None:
    """C24: looked up, and nothing comes of it."""
    intent = gateway.create_intent({"amount": 900, "currency": "eur"}, idempotency_key="a-bookshop")
    confirm(intent.client_secret)
    deliver([row for row in stripe_api.objects("event") if row["type"] == "payment_intent.succeeded"])
    told = WebhookEvent.objects.get()
    assert (told.object_id, told.state, told.attempts) == (intent.id, "ignored", 1)
    assert (PaymentAttempt.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_a_voucher_of_an_element_waits_runs_out_and_leaves_nothing_payable(stripe_api: StandIn) -> None:
    """C26, C28, C29."""
    started = start(visitors.complete())
    confirm(started.client_secret, method="multibanco", email="ana@example.test")
    deliver(stripe_api.objects("event"))
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.order.payment_state, fulfilled(attempt.order)) == ("pending", "awaiting", [])
    assert attempt.voucher is not None
    assert len(attempt.voucher["entity"]) == 5
    known = {row["id"] for row in stripe_api.objects("event")}
    stripe_api.answer_intent(str(attempt.intent_id), "fail")
    deliver([row for row in stripe_api.objects("event") if row["id"] not in known])
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, attempt.order.payment_state) == ("failed", "pending", "unpaid")
    assert stripe_api.objects("payment_intent")[0]["status"] == "canceled"
    assert OutboxMessage.objects.filter(payload__kind=f"failed:{attempt.pk}").count() == 1


def test_a_failed_intent_that_could_not_be_canceled_is_canceled_later(stripe_api: StandIn) -> None:
    """C5, C28: Stripe was away for a moment; the outbox closes what must not stay payable."""
    started = start(visitors.complete())
    confirm(started.client_secret, method="multibanco", email="ana@example.test")
    deliver(stripe_api.objects("event"))
    attempt = PaymentAttempt.objects.get()
    known = {row["id"] for row in stripe_api.objects("event")}
    stripe_api.answer_intent(str(attempt.intent_id), "fail")
    stripe_api.fail("500", path="/cancel", times=99)
    deliver([row for row in stripe_api.objects("event") if row["id"] not in known])
    attempt.refresh_from_db()
    assert (attempt.state, stripe_api.objects("payment_intent")[0]["status"]) == ("failed", "requires_payment_method")
    stripe_api.behave()
    gateway.breaker.close()
    tasks.close_attempt(OutboxMessage.objects.get(task="payments.close_attempt").pk)
    assert stripe_api.objects("payment_intent")[0]["status"] == "canceled"


def test_the_secret_is_neither_stored_nor_logged(stripe_api: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    """C61."""
    caplog.set_level(logging.DEBUG)
    client, _draft = visitor()
    secret = checkout(client, method="elements", accept_terms=True).json()["client_secret"]
    attempt = PaymentAttempt.objects.get()
    client.get(f"/pay/{attempt.public_id}/")
    client.get("/checkout/return/", {"payment_intent": attempt.intent_id, "payment_intent_client_secret": secret})
    deliver(stripe_api.objects("event"))
    assert secret.startswith("pi_")
    assert secret not in caplog.text
    rows = [*PaymentAttempt.objects.values(), *WebhookEvent.objects.values(), *OutboxMessage.objects.values()]
    assert secret not in json.dumps(rows, default=str)
    connection = get_redis_connection("default")
    values = [connection.get(key) or b"" for key in connection.keys("*") if connection.type(key) == b"string"]
    assert not [value for value in values if secret.encode() in value]


def test_the_page_is_the_visitors_alone_and_only_it_lets_stripe_in(stripe_api: StandIn) -> None:
    """C62, S5: the policy is widened there and nowhere else."""
    client, _draft = visitor()
    body = checkout(client, method="elements", accept_terms=True).json()
    path = body["url"].removeprefix(django_settings.SITE_URL)
    page = client.get(path)
    base = django_settings.STRIPE_API_BASE
    policy = {part.split()[0]: part.split()[1:] for part in page["Content-Security-Policy"].split(";") if part.strip()}
    assert page.status_code == 200
    assert policy["script-src"] == ["'self'", base]
    assert base in policy["frame-src"]
    assert base in policy["connect-src"]
    assert body["client_secret"] in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert Client().get(path).status_code == 404
    assert base not in client.get("/review/")["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    confirm(body["client_secret"])
    done = client.get(path, follow=True)
    assert done.redirect_chain[-1][0].startswith(f"/orders/{body['order']}/")


def test_the_setting_sends_the_pay_button_to_the_shops_own_page(stripe_api: StandIn, settings: Any) -> None:
    settings.PAYMENT_PAGE = "elements"
    client, _draft = visitor()
    answer = client.post("/checkout/", {"accept_terms": "true"})
    assert answer["Location"] == f"{settings.SITE_URL}/pay/{PaymentAttempt.objects.get().public_id}/"
    hosted = client.post("/checkout/", {"accept_terms": "true", "method": "checkout"})
    assert hosted["Location"] == stripe_api.objects("checkout.session")[0]["url"]


def test_without_a_publishable_key_it_is_not_offered(stripe_api: StandIn, settings: Any) -> None:
    settings.STRIPE_PUBLISHABLE_KEY = ""
    with pytest.raises(MethodNotOffered):
        start(visitors.complete())
    assert (Order.objects.count(), stripe_api.objects("payment_intent")) == (0, [])


def test_three_d_secure_is_asked_for_and_a_failed_one_leaves_the_page_open(stripe_api: StandIn) -> None:
    started = start(visitors.complete())
    asked = confirm(started.client_secret, number=CHALLENGE)["paymentIntent"]
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "redirect_to_url")
    attempt = PaymentAttempt.objects.get()
    stripe_api.answer_intent(str(attempt.intent_id), "fail")
    assert returning.confirm_return(str(attempt.intent_id), {started.order.draft_id}).outcome == "unpaid"
    confirm(started.client_secret, number=CHALLENGE)
    stripe_api.answer_intent(str(attempt.intent_id), "complete")
    assert returning.confirm_return(str(attempt.intent_id), {started.order.draft_id}).outcome == "paid"


def test_a_delayed_payment_that_fails_without_a_voucher_can_be_tried_again(stripe_api: StandIn) -> None:
    """C28: a bank refuses what it was processing: the customer is told once, and gets an Intent of a new attempt."""
    draft = visitors.complete()
    started = start(draft)
    attempt = PaymentAttempt.objects.get()
    intent = gateway.retrieve_intent(str(attempt.intent_id))
    confirmation.settle(facts.as_session(dataclasses.replace(intent, status="processing")))
    attempt.refresh_from_db()
    assert (attempt.url, attempt.voucher, attempt.order.payment_state) == ("", None, "awaiting")
    confirm(started.client_secret, number=DECLINED)
    deliver(stripe_api.objects("event"))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, attempt.order.payment_state) == ("failed", "pending", "unpaid")
    assert attempt.failure_code == "generic_decline"
    assert OutboxMessage.objects.filter(payload__kind=f"failed:{attempt.pk}").count() == 1
    again = start(draft)
    assert again.order.pk == attempt.order_id
    assert again.client_secret not in ("", started.client_secret)
    assert [row["status"] for row in stripe_api.objects("payment_intent")].count("canceled") == 1


def test_a_wrong_key_is_a_short_break_for_customers_wherever_stripe_is_asked(
    stripe_api: StandIn, settings: Any
) -> None:
    """The page, its secret, and the change to Stripe's page: 503, nothing lost; with the right key all goes on."""
    client, draft = visitor()
    body = checkout(client, method="elements", accept_terms=True).json()
    path = body["url"].removeprefix(django_settings.SITE_URL)
    right, settings.STRIPE_SECRET_KEY = settings.STRIPE_SECRET_KEY, "wrong"
    page = client.get(path)
    assert (page.status_code, page["Retry-After"]) == (503, "60")
    for method in ("elements", "checkout"):
        answer = checkout(client, method=method, accept_terms=True)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "payment_service_unavailable")
    assert (PaymentAttempt.objects.get().state, stripe_api.objects("checkout.session")) == ("pending", [])
    settings.STRIPE_SECRET_KEY = right
    assert client.get(path).status_code == 200
    assert start(draft).client_secret == body["client_secret"]


def test_a_wrong_key_while_a_stale_page_is_closed_still_says_that_the_draft_changed(
    stripe_api: StandIn, settings: Any
) -> None:
    """C6: it stays for the task that closes what is outdated."""
    start(visitors.complete())
    attempt = attempts.close(PaymentAttempt.objects.get().pk, "canceled", "changed")
    settings.STRIPE_SECRET_KEY = "wrong"
    with pytest.raises(DraftBusy):
        checkout_service._refuse_stale(attempt)
