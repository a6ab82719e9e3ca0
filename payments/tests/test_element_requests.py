"""What is asked of Stripe for a Payment Element, and with which key: C2, C43, C44."""

import datetime
from typing import Any

import pytest
from django.utils import timezone
from stripe.params import PaymentIntentCreateParams

from orders import checkout as freezing
from orders import snapshots
from orders.drafts import Draft
from orders.tests import visitors
from payments import parameters
from payments.models import PaymentAttempt
from payments.problems import PaymentServiceUnavailable
from payments.tests.sdk_types import problems
from payments.tests.stand_in import StandIn
from payments.tests.test_checkout import posted
from payments.tests.test_elements import INTENTS, made, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("configured", "cents", "expected"),
    [
        ([], 70, {}),
        (["card", "multibanco"], 70, {"allowed_payment_method_types": ["card", "multibanco"]}),
        (["card", "multibanco"], 9_999_901, {"allowed_payment_method_types": ["card"]}),
        ([], 9_999_901, {"excluded_payment_method_types": ["multibanco"]}),
    ],
)
def test_what_is_sent_for_an_element_is_what_the_sdk_declares(
    settings: Any, configured: list[str], cents: int, expected: dict[str, Any]
) -> None:
    """C2, C31: unknown keys forbidden, literals enforced, with every optional part used."""
    settings.STRIPE_PAYMENT_METHODS = configured
    order = freezing.freeze(posted(visitors.complete()), language="pt", terms=True)
    snapshot = snapshots.load(order.number)
    assert snapshot is not None
    order.total_cents = cents
    params = parameters.intent_params(order, snapshot, "pay_1", "a click")
    assert problems(PaymentIntentCreateParams, params) == []
    assert {name: value for name, value in params.items() if name.endswith("_method_types")} == expected
    assert (params["amount"], params["shipping"]["address"]["city"]) == (cents, "Lisboa")


@pytest.mark.parametrize(
    "wrong",
    [
        {"payment_method_kinds": ["card"]},
        {"excluded_payment_method_types": ["multibank"]},
        {"automatic_payment_methods": {"enabled": "yes"}},
        {"amount": "70"},
    ],
)
def test_the_check_of_an_elements_parameters_can_fail(wrong: dict[str, Any]) -> None:
    """C2: what the test above relies on."""
    assert len(problems(PaymentIntentCreateParams, {"amount": 70, "currency": "eur"} | wrong)) == 1


def lost(stripe_api: StandIn, when: str) -> Draft:
    """A draft whose Intent Stripe has made, "after", or never saw asked for, "before"; no answer came."""
    draft = visitors.complete()
    stripe_api.fail("reset", path=INTENTS, when=when)
    stripe_api.fail("reset", path=INTENTS, when="before", times=2)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    assert PaymentAttempt.objects.get().state == "created"
    return draft


def test_an_elements_key_older_than_a_day_is_looked_up_and_not_sent_again(stripe_api: StandIn) -> None:
    """C43: Stripe has forgotten it; the Intent that was made is found by its metadata."""
    draft = lost(stripe_api, "after")
    asked = len(made(stripe_api))
    PaymentAttempt.objects.update(created_at=timezone.now() - datetime.timedelta(hours=24))
    assert start(draft).client_secret == stripe_api.objects("payment_intent")[0]["client_secret"]
    assert len(made(stripe_api)) == asked
    assert PaymentAttempt.objects.get().intent_id == stripe_api.objects("payment_intent")[0]["id"]


def test_an_elements_parameters_lost_with_redis_are_not_made_up_anew_for_the_same_key(stripe_api: StandIn) -> None:
    """C43: nothing was made at Stripe, so the attempt ends and another begins, with a key of its own."""
    draft = lost(stripe_api, "before")
    parameters.forget(str(PaymentAttempt.objects.get().idempotency_key))
    start(draft)
    assert sorted(PaymentAttempt.objects.values_list("state", flat=True)) == ["canceled", "pending"]
    assert len(stripe_api.objects("payment_intent")) == 1
    assert len({call["idempotency_key"] for call in made(stripe_api)}) == 2


def test_an_elements_replayed_500_is_reconciled(stripe_api: StandIn) -> None:
    """C44: the key answers 500 for good although the Intent exists: it is found, and no second one is made."""
    stripe_api.fail("500", path=INTENTS, when="after")
    assert start(visitors.complete()).client_secret == stripe_api.objects("payment_intent")[0]["client_secret"]
    assert len(stripe_api.objects("payment_intent")) == 1
    assert PaymentAttempt.objects.get().state == "pending"
