"""Idempotency keys and the failures around them, as seen through Stripe's SDK."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from sandbox.running import Sandbox
from sandbox.tests import sessions
from sandbox.tests.test_webhooks import eventually


def count(sandbox: Sandbox) -> int:
    counts = requests.get(f"{sandbox.options.base_url}/sandbox/counts", timeout=5).json()
    return int(counts.get("checkout.session", 0))


def test_the_same_key_gives_the_first_answer_again_and_one_object(
    client: stripe.StripeClient, sandbox: Sandbox
) -> None:
    given = sessions.params()
    first = client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
    again = client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert count(sandbox) == 1


def test_the_key_of_other_parameters_is_refused(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    """C43: a key is reused with identical parameters only."""
    client.v1.checkout.sessions.create(sessions.params(), {"idempotency_key": "order-1"})
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.checkout.sessions.create(sessions.params(locale="en"), {"idempotency_key": "order-1"})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.customers.create({"name": "Ana"}, {"idempotency_key": "order-1"})
    assert count(sandbox) == 1


def test_a_refused_parameter_uses_no_key_up(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(sessions.params(nonsense=1), {"idempotency_key": "order-1"})
    client.v1.checkout.sessions.create(sessions.params(), {"idempotency_key": "order-1"})
    assert count(sandbox) == 1


def test_while_a_request_runs_its_twin_gets_409_and_later_the_same_answer(
    client: stripe.StripeClient, control: Callable[..., Any], sandbox: Sandbox
) -> None:
    control("faults", fail={"kind": "timeout", "when": "before", "seconds": 2})
    given = sessions.params()
    first = threading.Thread(target=lambda: client.v1.checkout.sessions.create(given, {"idempotency_key": "k"}))
    first.start()
    assert eventually(lambda: requests_seen(sandbox) == 1)
    with pytest.raises(stripe.APIError) as refused:  # what the SDK makes of a 409
        client.v1.checkout.sessions.create(given, {"idempotency_key": "k"})
    assert refused.value.http_status == 409
    assert "in-progress request" in str(refused.value)
    first.join()
    assert client.v1.checkout.sessions.create(given, {"idempotency_key": "k"}).status == "open"
    assert count(sandbox) == 1


def requests_seen(sandbox: Sandbox) -> int:
    """Calls that have come as far as having their parameters read."""
    items = requests.get(f"{sandbox.options.base_url}/sandbox/requests", timeout=5).json()
    return sum("params" in item for item in items)


@pytest.mark.parametrize(("when", "objects"), [("before", 0), ("after", 1)])
def test_a_500_is_replayed_whether_or_not_the_object_was_made(
    client: stripe.StripeClient, control: Callable[..., Any], sandbox: Sandbox, when: str, objects: int
) -> None:
    """C44: a replayed 500 says nothing about what happened; look the object up."""
    control("faults", fail={"kind": "500", "when": when})
    given = sessions.params()
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
        assert failed.value.http_status == 500
    assert count(sandbox) == objects
    client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1-again"})
    assert count(sandbox) == objects + 1


@pytest.mark.parametrize(("when", "objects"), [("before", 0), ("after", 1)])
def test_a_broken_connection_is_healed_by_the_same_key(
    client: stripe.StripeClient, control: Callable[..., Any], sandbox: Sandbox, when: str, objects: int
) -> None:
    control("faults", fail={"kind": "reset", "when": when})
    given = sessions.params()
    with pytest.raises(stripe.APIConnectionError):
        client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
    assert count(sandbox) == objects
    client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
    assert count(sandbox) == 1


def test_a_429_is_a_rate_limit_and_leaves_the_key_free(
    client: stripe.StripeClient, control: Callable[..., Any], sandbox: Sandbox
) -> None:
    """C45."""
    control("faults", fail={"kind": "429", "times": 2})
    given = sessions.params()
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
    assert count(sandbox) == 0
    client.v1.checkout.sessions.create(given, {"idempotency_key": "order-1"})
    assert count(sandbox) == 1


def test_a_planned_failure_may_concern_one_call_only(client: stripe.StripeClient, control: Callable[..., Any]) -> None:
    control("faults", fail={"kind": "500", "path": "/expire"})
    session = sessions.make(client)
    with pytest.raises(stripe.APIError):
        client.v1.checkout.sessions.expire(session.id)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


@pytest.mark.parametrize("key", ["", "pk_test_wrong", "sk_live_never"])
def test_only_test_secret_keys_are_accepted(sandbox: Sandbox, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = requests.get(f"{sandbox.options.base_url}/v1/events", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    assert answer.headers["Request-Id"].startswith("req_")
