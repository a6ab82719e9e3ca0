"""Back from Stripe's page: nobody hears that nothing was charged while Stripe has not said so (C7, C8)."""

from typing import Any

import pytest
from django.test import Client

from orders import drafts, links
from orders.models import Order
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts, tasks
from payments.checkout import start_checkout
from payments.models import PaymentAttempt
from payments.returning import confirm_return
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_elements import confirm
from payments.tests.test_elements import start as start_element

pytestmark = pytest.mark.django_db(transaction=True)


def at_the_return_page(stripe_api: StandIn) -> tuple[Client, PaymentAttempt]:
    """A visitor who has just paid on Stripe's page, before any event came."""
    client, draft = Client(), visitors.complete()
    client.get("/api/v1/drafts/current/")
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    attempt = start_checkout(draft, language="pt", terms=True).order.attempts.get()
    stripe_api.pay(str(attempt.session_id))
    return client, attempt


def comes_back(client: Client, attempt: PaymentAttempt) -> Any:
    return client.get("/checkout/return/", {"session_id": str(attempt.session_id)})


def test_a_refused_key_is_no_word_about_the_payment(stripe_api: StandIn, settings: Any) -> None:
    """The page tries again by itself, and finds the paid order as soon as the key is right."""
    client, attempt = at_the_return_page(stripe_api)
    right, settings.STRIPE_SECRET_KEY = settings.STRIPE_SECRET_KEY, "wrong"
    answer = comes_back(client, attempt)
    assert (answer.status_code, answer["Refresh"]) == (200, "5")
    assert next(template.name for template in answer.templates) == "payments/confirming.html"
    settings.STRIPE_SECRET_KEY = right
    assert comes_back(client, attempt)["Location"].startswith(f"/orders/{attempt.order.number}/")
    assert Order.objects.get().state == "paid"


def test_a_session_that_stripe_does_not_find_is_not_said_to_be_unpaid(stripe_api: StandIn) -> None:
    client, attempt = at_the_return_page(stripe_api)
    stripe_api.reset()
    answer = comes_back(client, attempt)
    assert (answer.status_code, answer["Refresh"]) == (200, "5")
    assert Order.objects.get().state == "pending"


def test_money_for_a_closed_page_is_found_by_the_return(stripe_api: StandIn) -> None:
    """C11: what was closed here may have been paid there: Stripe is asked before anything is said."""
    client, attempt = at_the_return_page(stripe_api)
    PaymentAttempt.objects.update(state="canceled")
    assert comes_back(client, attempt)["Location"].startswith(f"/orders/{attempt.order.number}/")
    assert (Order.objects.get().state, PaymentAttempt.objects.get().state) == ("paid", "confirmed")


def test_unpaid_is_said_when_stripe_says_so(stripe_api: StandIn) -> None:
    """C7."""
    client, _paid = at_the_return_page(stripe_api)
    draft = drafts.get(client.session[drafts.SESSION_KEY])
    assert draft is not None
    drafts.set_items(draft, [visitors.row(visitors.photo(draft), 3)])
    unpaid = start_checkout(draft, language="pt", terms=True).order.attempts.get()
    answer = client.get("/checkout/return/", {"session_id": str(unpaid.session_id)}, follow=True)
    assert answer.redirect_chain == [("/review/", 302)]
    assert "não foi concluído" in answer.content.decode()


@pytest.mark.parametrize("seen", ["/", "/api/v1/drafts/current/", "order"])
def test_who_saw_the_next_draft_before_coming_back_still_finds_the_order(stripe_api: StandIn, seen: str) -> None:
    """C8: the event was first, and another tab, or a client of the API, has gone on to a new draft meanwhile."""
    client, attempt = at_the_return_page(stripe_api)
    deliver(stripe_api.objects("event"))
    order = Order.objects.get()
    assert order.state == "paid"
    path = f"/api/v1/orders/{order.number}/?t={links.token(order)}" if seen == "order" else seen
    assert client.get(path).status_code == 200
    assert client.session[drafts.SESSION_KEY] != order.draft_id
    assert comes_back(client, attempt)["Location"].startswith(f"/orders/{order.number}/")
    assert comes_back(Client(), attempt).status_code == 404


def test_a_failed_element_found_by_the_return_page_is_closed(stripe_api: StandIn) -> None:
    """C5, C28: the next try gets an Intent of its own, so the old one must not stay payable, whoever learns of it first."""
    started = start_element(visitors.complete())
    attempt = PaymentAttempt.objects.get()
    confirm(started.client_secret, method="multibanco", email="ana@example.test")
    deliver(stripe_api.objects("event"))
    stripe_api.answer_intent(str(attempt.intent_id), "fail")
    assert confirm_return(str(attempt.intent_id), {started.order.draft_id}).outcome == "unpaid"
    attempt.refresh_from_db()
    assert (attempt.state, stripe_api.objects("payment_intent")[0]["status"]) == ("failed", "requires_payment_method")
    for message in OutboxMessage.objects.filter(task="payments.close_attempt", state="pending"):
        tasks.close_attempt(message.pk)
    assert stripe_api.objects("payment_intent")[0]["status"] == "canceled"


def test_a_failed_element_is_closed_though_its_reference_could_not_be_before(stripe_api: StandIn) -> None:
    """C5, C6: it was to be closed once already, while a reference could not be withdrawn."""
    started = start_element(visitors.complete())
    attempt = PaymentAttempt.objects.get()
    confirm(started.client_secret, method="multibanco", email="ana@example.test")
    deliver(stripe_api.objects("event"))
    attempt.refresh_from_db()
    attempts.close_later(attempt)
    for end in ("requires_action", "canceled"):
        for message in OutboxMessage.objects.filter(task="payments.close_attempt", state="pending"):
            tasks.close_attempt(message.pk)
        assert stripe_api.objects("payment_intent")[0]["status"] == end
        if end == "requires_action":
            stripe_api.answer_intent(str(attempt.intent_id), "fail")
            confirm_return(str(attempt.intent_id), {started.order.draft_id})


@pytest.mark.parametrize(("method", "outcome"), [("multibanco", "awaiting"), ("mb_way", "unavailable")])
def test_who_comes_back_while_the_payment_waits_reads_for_what(stripe_api: StandIn, method: str, outcome: str) -> None:
    """C7, C26: a reference is to be paid; MB WAY's app has not been answered, so the page asks again."""
    attempt = start_checkout(visitors.complete(), language="pt", terms=True).order.attempts.get()
    stripe_api.pay(str(attempt.session_id), method=method)
    found = confirm_return(str(attempt.session_id), [attempt.order.draft_id])
    assert (found.outcome, found.order) == (outcome, attempt.order)
