"""What time alone ends, as it does at Stripe: MB WAY's question, 3-D Secure challenges, vouchers; and the dashboard's anchors."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from sandbox.running import Sandbox
from sandbox.tests import sessions
from sandbox.tests.conftest import Receiver


def asked(client: stripe.StripeClient, **form: str) -> tuple[stripe.checkout.Session, str]:
    """A Session whose payment waits for its customer, and its intent's id."""
    session = sessions.make(client)
    answer = sessions.pay_on_page(session, **form)
    assert answer.status_code == 303
    found = client.v1.checkout.sessions.retrieve(session.id)
    return found, str(found.payment_intent)


def by_mb_way(client: stripe.StripeClient) -> tuple[stripe.checkout.Session, str]:
    return asked(client, method="mb_way", phone="912345678")


def until(check: Callable[[], bool]) -> None:
    end = time.monotonic() + 8
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_mb_way_unanswered_fails_by_itself_and_can_be_tried_again(
    client: stripe.StripeClient, receiver: Receiver, control: Callable[..., Any]
) -> None:
    """The customer's telephone stays in the bag; the page says so and takes a card instead."""
    control("faults", mb_way_seconds=1)
    session, intent_id = by_mb_way(client)
    assert client.v1.payment_intents.retrieve(intent_id).status == "requires_action"
    until(lambda: client.v1.payment_intents.retrieve(intent_id).status == "requires_payment_method")
    intent = client.v1.payment_intents.retrieve(intent_id)
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "payment_intent_payment_attempt_expired"
    until(lambda: "payment_intent.payment_failed" in receiver.types())
    assert "checkout.session.async_payment_failed" not in receiver.types()
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    page = requests.get(f"{session.url}?failed=1", timeout=5).text
    assert "não foi aprovado a tempo" in page
    assert sessions.pay_on_page(session).status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert len([charge for charge in client.v1.charges.list().data if charge.paid]) == 1


def test_mb_way_has_five_minutes(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    _session, intent_id = by_mb_way(client)
    intent = sandbox.world.get("payment_intent", intent_id)
    assert intent is not None
    for seconds, status in ((298, "requires_action"), (301, "requires_payment_method")):
        with sandbox.world.change():
            intent["_asked_at"] = int(time.time()) - seconds
            sandbox.world.save(intent)
        sandbox.clock.tick()
        assert intent["status"] == status


def test_an_answer_after_the_end_pays_nothing(
    client: stripe.StripeClient, sandbox: Sandbox, control: Callable[..., Any]
) -> None:
    session, intent_id = by_mb_way(client)
    control(f"intents/{intent_id}/timeout")
    place = f"{sandbox.options.base_url}/sandbox/approve/{intent_id}"
    assert f"/checkout/c/pay/{session.id}" in requests.get(place, timeout=5).text
    late = requests.post(place, data={"answer": "complete"}, allow_redirects=False, timeout=5)
    assert late.headers["Location"].endswith("?failed=1")
    assert [charge.paid for charge in client.v1.charges.list().data] == [False]


def test_a_challenge_left_alone_waits_until_its_session_ends(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    """Neither minutes nor hours fail it; the Session's end cancels it."""
    session, intent_id = asked(client, number=sessions.CHALLENGE)
    intent, row = sandbox.world.get("payment_intent", intent_id), sandbox.world.get("checkout.session", session.id)
    assert intent is not None
    assert row is not None
    with sandbox.world.change():
        intent["created"] -= 7000
        sandbox.world.save(intent)
    sandbox.clock.tick()
    assert (intent["status"], row["status"]) == ("requires_action", "open")
    with sandbox.world.change():
        row["expires_at"] = int(time.time()) - 1
        sandbox.world.save(row)
    sandbox.clock.tick()
    assert (intent["status"], row["status"]) == ("canceled", "expired")
    assert client.v1.charges.list().data == []


@pytest.mark.parametrize(
    ("form", "intent_status", "session_status"),
    [
        ({"number": sessions.CHALLENGE}, "canceled", "expired"),
        ({"method": "mb_way", "phone": "912345678"}, "requires_payment_method", "open"),
    ],
)
def test_the_dashboards_button_does_not_wait(
    client: stripe.StripeClient, sandbox: Sandbox, form: dict[str, str], intent_status: str, session_status: str
) -> None:
    session, intent_id = asked(client, **form)
    base = sandbox.options.base_url
    assert f'action="/sandbox/do/timeout/{intent_id}"' in requests.get(f"{base}/", timeout=5).text
    for _twice in range(2):
        requests.post(f"{base}/sandbox/do/timeout/{intent_id}", timeout=5)
        assert client.v1.payment_intents.retrieve(intent_id).status == intent_status
        assert client.v1.checkout.sessions.retrieve(session.id).status == session_status
    assert "/sandbox/do/timeout/" not in requests.get(f"{base}/", timeout=5).text


def test_a_challenge_without_a_session_waits_for_ever(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    """As at Stripe: the shop itself has to cancel a Payment Element's intent."""
    intent = client.v1.payment_intents.create(
        {"amount": 900, "currency": "eur", "confirm": True, "payment_method": "pm_card_authenticationRequired",
         "automatic_payment_methods": {"enabled": True}, "return_url": "http://shop.test/"}
    )  # fmt: skip
    refused = requests.post(f"{sandbox.options.base_url}/sandbox/intents/{intent.id}/timeout", json={}, timeout=5)
    assert refused.status_code == 400
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"


@pytest.mark.parametrize("number", [sessions.DISPUTED, sessions.STRIPES_DISPUTED])
def test_both_cards_of_a_dispute_are_paid_and_then_disputed(client: stripe.StripeClient, number: str) -> None:
    session = sessions.make(client)
    assert sessions.pay_on_page(session, number).status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    (dispute,) = client.v1.disputes.list().data
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 1350)


def test_every_object_on_the_dashboard_has_its_anchor_also_an_old_one(
    client: stripe.StripeClient, sandbox: Sandbox
) -> None:
    """The shop's admin links to `/sandbox/?find=<id>#<id>`."""
    session = sessions.make(client)
    sessions.pay_on_page(session)
    intent_id = str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)
    for _newer in range(101):
        client.v1.payment_intents.create({"amount": 900, "currency": "eur"})
    base = sandbox.options.base_url
    assert row(requests.get(f"{base}/sandbox/", timeout=5).text, intent_id) == ""
    page = requests.get(f"{base}/sandbox/?find={intent_id}", timeout=5).text
    assert intent_id in row(page, intent_id)
    assert "succeeded" in row(page, intent_id)
    assert session.id[:24] in row(page, session.id)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def row(page: str, anchor: str) -> str:
    """The table row that the anchor is on, as HTML; empty when there is none."""
    found = re.search(rf'<tr id="{re.escape(anchor)}">(.*?)</tr>', page, re.DOTALL)
    return found[1] if found else ""
