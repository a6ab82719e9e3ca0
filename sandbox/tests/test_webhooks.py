"""Webhooks: signed over the raw body, tried again until taken, with what went before visible in the events' list."""

import time
from collections.abc import Callable

import stripe

from sandbox.tests import sessions
from sandbox.tests.conftest import Receiver


def eventually(condition: Callable[[], bool], seconds: float = 8) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def test_a_purchase_sends_its_signed_events(client: stripe.StripeClient, receiver: Receiver) -> None:
    session = sessions.make(client)
    sessions.pay_on_page(session)
    assert eventually(lambda: len(receiver.got) == 4)
    assert sorted(receiver.types()) == [
        "charge.succeeded", "checkout.session.completed", "payment_intent.created", "payment_intent.succeeded",
    ]  # fmt: skip
    completed = next(event for event in receiver.events() if event.type == "checkout.session.completed")
    assert completed.api_version == "2026-10-28.endive"
    assert (completed.data.object["id"], completed.data.object["payment_status"]) == (session.id, "paid")
    assert client.v1.events.list(params={"delivery_success": False}).data == []


def test_a_refused_card_sends_the_failure(client: stripe.StripeClient, receiver: Receiver) -> None:
    sessions.pay_on_page(sessions.make(client), sessions.DECLINED)
    assert eventually(lambda: len(receiver.got) == 3)
    assert sorted(receiver.types()) == ["charge.failed", "payment_intent.created", "payment_intent.payment_failed"]


def test_a_webhook_that_is_not_taken_is_sent_again_and_listed_as_undelivered(
    client: stripe.StripeClient, receiver: Receiver
) -> None:
    """C23: undelivered events can be asked for."""
    receiver.status = 500
    session = sessions.make(client)
    client.v1.checkout.sessions.expire(session.id)
    assert eventually(lambda: len(receiver.got) >= 1)
    missed = client.v1.events.list(params={"delivery_success": False, "types": ["checkout.session.*"]}).data
    assert [event.type for event in missed] == ["checkout.session.expired"]
    assert missed[0].pending_webhooks == 1
    receiver.status = 200
    assert eventually(lambda: not client.v1.events.list(params={"delivery_success": False}).data)
    assert len(set(receiver.types())) == 1
    assert len(receiver.got) >= 2


def test_a_second_endpoint_gets_only_the_types_it_asked_for(client: stripe.StripeClient, receiver: Receiver) -> None:
    other = client.v1.webhook_endpoints.create(
        params={"url": receiver.url, "enabled_events": ["checkout.session.completed"]}
    )
    assert str(other.secret).startswith("whsec_")
    assert "secret" not in client.v1.webhook_endpoints.retrieve(other.id).to_dict()
    assert len(client.v1.webhook_endpoints.list().data) == 2
    sessions.pay_on_page(sessions.make(client))
    assert eventually(lambda: len(receiver.got) == 5)
    client.v1.webhook_endpoints.delete(other.id)
    assert len(client.v1.webhook_endpoints.list().data) == 1
