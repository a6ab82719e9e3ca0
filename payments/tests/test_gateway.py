"""The gateway: C42, C45, C61, its named errors and its breaker."""

import json
import logging
import time
from typing import Any

import pytest
import structlog
from django.db import transaction

from outbox.network import TransactionOpen
from payments import gateway, metrics
from payments.tests.stand_in import StandIn
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def params(**changes: Any) -> Any:
    price = {"currency": "eur", "unit_amount": 500, "product_data": {"name": "10 × 15 cm"}}
    usual = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://127.0.0.1/ok",
        "customer_email": "maria@example.test",
    }
    return usual | changes


def test_a_call_inside_a_transaction_is_refused(stripe_api: StandIn) -> None:
    """C42: nothing is sent."""
    with pytest.raises(TransactionOpen), transaction.atomic():
        gateway.create_session(params(), idempotency_key="k1")
    assert stripe_api.calls() == []


def test_a_bare_429_is_waited_out_by_our_own_code(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """C45: the SDK never tries it again."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    stripe_api.fail("429", times=2)
    assert gateway.create_session(params(), idempotency_key="k1").status == "open"
    assert len(waits) == 2
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


def test_429_for_ever_is_a_named_error(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    stripe_api.fail("429", times=4)
    with pytest.raises(gateway.GatewayRateLimited):
        gateway.create_session(params(), idempotency_key="k1")
    assert (len(stripe_api.calls()), stripe_api.objects("checkout.session")) == (4, [])


def test_a_key_with_other_parameters_is_a_conflict(stripe_api: StandIn) -> None:
    gateway.create_session(params(), idempotency_key="k1")
    with pytest.raises(gateway.IdempotencyConflict):
        gateway.create_session(params(client_reference_id="other"), idempotency_key="k1")
    assert len(stripe_api.objects("checkout.session")) == 1


def test_refusals_have_names(stripe_api: StandIn, settings: Any) -> None:
    with pytest.raises(gateway.NotFound):
        gateway.retrieve_session("cs_test_nobody")
    with pytest.raises(gateway.GatewayRefused) as refused:
        gateway.create_session(params(success_url="nonsense"), idempotency_key="k1")
    assert refused.value.code == "url_invalid"
    settings.STRIPE_SECRET_KEY = "wrong"
    with pytest.raises(gateway.GatewayMisconfigured):
        gateway.retrieve_session("cs_test_nobody")
    settings.STRIPE_SECRET_KEY = ""
    with pytest.raises(gateway.GatewayMisconfigured):
        gateway.retrieve_session("cs_test_nobody")


def test_the_breaker_opens_on_outages_and_answers_at_once(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """And closes again when Stripe is back."""
    monkeypatch.setattr(gateway, "NETWORK_RETRIES", 0)
    gateway._client.cache_clear()
    stripe_api.fail("500", times=gateway.BREAKER_FAILURES)
    for _turn in range(gateway.BREAKER_FAILURES):
        with pytest.raises(gateway.GatewayUnavailable):
            gateway.retrieve_session("cs_test_nobody")
    asked = len(stripe_api.calls())
    with pytest.raises(gateway.GatewayResting):
        gateway.retrieve_session("cs_test_nobody")
    assert (len(stripe_api.calls()), metrics.BREAKER_OPEN._value.get()) == (asked, 1)
    gateway.breaker.half_open()
    with pytest.raises(gateway.NotFound):
        gateway.retrieve_session("cs_test_nobody")
    assert (gateway.breaker.current_state, metrics.BREAKER_OPEN._value.get()) == ("closed", 0)
    gateway._client.cache_clear()


def test_while_one_caller_looks_whether_stripe_is_back_nobody_else_waits_for_it(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The breaker lets one probe through; the others are told at once, and nothing is sent for them."""
    monkeypatch.setattr(gateway, "NETWORK_RETRIES", 0)
    gateway._client.cache_clear()
    gateway.breaker.open()
    gateway.breaker.half_open()
    stripe_api.faults(latency=1.0)
    answers = together(4, lambda: gateway.retrieve_session("cs_test_nobody"))
    stripe_api.behave()
    assert sorted(type(answer).__name__ for answer in answers) == [*["GatewayResting"] * 3, "NotFound"]
    assert (len(stripe_api.calls()), gateway.breaker.current_state) == (1, "closed")
    gateway._client.cache_clear()


def test_a_broken_connection_is_tried_three_times_in_all(stripe_api: StandIn) -> None:
    """C45: by the SDK, each time with the same key; then it is a named error, and whoever asked tries again later."""
    stripe_api.fail("reset", times=3)
    with pytest.raises(gateway.GatewayUnavailable):
        gateway.create_session(params(), idempotency_key="k1")
    assert stripe_api.objects("checkout.session") == []
    stripe_api.fail("reset", times=2)
    assert gateway.create_session(params(), idempotency_key="k1").status == "open"
    assert [call["idempotency_key"] for call in stripe_api.calls()] == ["k1"] * 6


@pytest.mark.parametrize("answered", ["refused", "given"])
def test_only_failures_in_a_row_open_the_breaker(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch, answered: str
) -> None:
    """Any answer in between, a refusal too, says that Stripe is there."""
    monkeypatch.setattr(gateway, "NETWORK_RETRIES", 0)
    gateway._client.cache_clear()
    for number in range(2):
        stripe_api.fail("500", times=gateway.BREAKER_FAILURES - 1)
        for _turn in range(gateway.BREAKER_FAILURES - 1):
            with pytest.raises(gateway.GatewayUnavailable):
                gateway.retrieve_session("cs_test_nobody")
        if answered == "given":
            gateway.create_session(params(), idempotency_key=f"k{number}")
        else:
            with pytest.raises(gateway.NotFound):
                gateway.retrieve_session("cs_test_nobody")
    assert gateway.breaker.current_state == "closed"
    gateway._client.cache_clear()


def test_how_long_stripe_took_is_measured(stripe_api: StandIn) -> None:
    stripe_api.faults(latency=0.2)
    before = metrics.STRIPE_SECONDS._sum.get()
    gateway.create_session(params(), idempotency_key="k1")
    assert 0.2 <= metrics.STRIPE_SECONDS._sum.get() - before < 30


def test_refusals_never_open_the_breaker(stripe_api: StandIn) -> None:
    for _turn in range(gateway.BREAKER_FAILURES * 2):
        with pytest.raises(gateway.NotFound):
            gateway.retrieve_session("cs_test_nobody")
    assert gateway.breaker.current_state == "closed"


def test_nothing_sent_is_logged(stripe_api: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    """C61: neither the customer's data nor the key, at any level, in success or failure."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    with structlog.testing.capture_logs() as lines:
        session = gateway.create_session(params(), idempotency_key="k1")
        with pytest.raises(gateway.GatewayRefused):
            gateway.create_session(params(customer_email="maria nonsense"), idempotency_key="k2")
    said = json.dumps(lines, default=str) + caplog.text + repr(session)
    for secret in ("maria", "sk_test_photoorders", "10 × 15"):
        assert secret not in said, secret
