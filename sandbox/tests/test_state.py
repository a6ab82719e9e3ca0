"""What outlives a restart, what the control API can do, and that the parameter table is the SDK's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from local.ports import any_free
from sandbox.options import Options
from sandbox.running import Sandbox
from sandbox.stripe_api.parameters import TABLE
from sandbox.tests import sdk_parameters, sessions
from sandbox.tests.conftest import SECRET, Receiver
from sandbox.tests.test_webhooks import eventually


def test_the_table_of_parameters_is_what_the_sdk_declares() -> None:
    """C2: run `python -m sandbox.tests.sdk_parameters` after raising the SDK's version."""
    assert json.loads(json.dumps(sdk_parameters.table())) == TABLE


def test_a_restart_finds_everything_and_sends_what_was_not_taken(tmp_path: Path, receiver: Receiver) -> None:
    options = Options(tmp_path, any_free(), webhook_url=receiver.url, webhook_secret=SECRET)
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": options.base_url}, max_network_retries=0)
    receiver.status = 503
    given = sessions.params()
    with Sandbox(options):
        session = client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
        client.v1.checkout.sessions.expire(session.id)
        assert eventually(lambda: len(receiver.got) >= 1)
    with (tmp_path / "journal.jsonl").open("a") as journal:
        journal.write('[{"object": "cut off by kill -9')
    receiver.status = 200
    with Sandbox(options):
        assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
        assert client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"}).id == session.id
        assert eventually(lambda: not client.v1.events.list({"delivery_success": False}).data)


def test_a_session_expires_by_itself(client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver) -> None:
    session = sessions.make(client)
    with sandbox.world.change():
        stored = sandbox.world.get("checkout.session", session.id)
        assert stored is not None
        sandbox.world.save(stored | {"expires_at": 1})
    assert eventually(lambda: client.v1.checkout.sessions.retrieve(session.id).status == "expired")
    assert eventually(lambda: receiver.types() == ["checkout.session.expired"])


def test_lists_come_in_pages_newest_first(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(5)]
    first = client.v1.customers.list({"limit": 2})
    assert ([item.id for item in first.data], first.has_more) == ([made[4], made[3]], True)
    last = client.v1.customers.list({"limit": 2, "starting_after": made[1]})
    assert ([item.id for item in last.data], last.has_more) == ([made[0]], False)
    before = client.v1.customers.list({"limit": 2, "ending_before": made[1]})
    assert ([item.id for item in before.data], before.has_more) == ([made[3], made[2]], True)
    assert [item.id for item in client.v1.customers.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    assert client.v1.customers.list({"created": {"lt": 5}}).data == []


@pytest.mark.parametrize(("switch", "expected"), [({"webhook_drop": True}, 0), ({"webhook_copies": 3}, 3)])
def test_webhooks_are_dropped_or_doubled_on_request(
    client: stripe.StripeClient, control: Callable[..., Any], receiver: Receiver, switch: dict[str, Any], expected: int
) -> None:
    control("faults", **switch)
    client.v1.customers.create({"name": "Ana"})
    assert eventually(lambda: len(receiver.got) >= expected and bool(requests_done(client, expected)))
    assert len(receiver.got) == expected
    assert len(set(receiver.types())) == (1 if expected else 0)


def requests_done(client: stripe.StripeClient, expected: int) -> bool:
    """Dropped events stay undelivered; the others are delivered."""
    return bool(client.v1.events.list({"delivery_success": expected > 0}).data)


def test_the_control_api_shows_requests_and_forgets_everything(
    client: stripe.StripeClient, control: Callable[..., Any], sandbox: Sandbox
) -> None:
    session = sessions.make(client)
    base = sandbox.options.base_url
    (asked,) = requests.get(f"{base}/sandbox/requests", params={"path": "checkout/sessions"}, timeout=5).json()
    assert asked["params"]["customer_email"] == "ana@example.pt"
    control("reset")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.retrieve(session.id)
    assert requests.get(f"{base}/sandbox/counts", timeout=5).json() == {"webhook_endpoint": 1, "geocoding": 0}


def test_a_switch_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    for body in ({"webhook_drops": True}, {"fail": {"kind": "boom"}}):
        answer = requests.post(f"{sandbox.options.base_url}/sandbox/faults", json=body, timeout=5)
        assert answer.status_code == 400


def test_the_dashboard_lists_purchases_events_and_sends_again(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    session = sessions.make(client)
    sessions.pay_on_page(session)
    base = sandbox.options.base_url
    for path in ("/", "/sandbox/", "/sandbox/events/", "/sandbox/misbehaviour/"):
        page = requests.get(base + path, timeout=5)
        assert page.status_code == 200
        assert "no real money" in page.text
    assert eventually(lambda: len(receiver.got) == 4)
    event = client.v1.events.list({"type": "checkout.session.completed"}).data[0]
    requests.post(f"{base}/sandbox/do/send/{event.id}", timeout=5)
    assert eventually(lambda: receiver.types().count("checkout.session.completed") == 2)
