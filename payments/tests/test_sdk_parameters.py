"""C2: what is asked of Stripe for links and refunds, against the SDK's own types; orders' Sessions and Intents are in
test_checkout.py and test_elements.py."""

import datetime
from typing import Any

import pytest
from django.utils import timezone
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from payments import at_stripe_links, gateway, link_payments, link_refunds, refunds
from payments.models import LinkPayment
from payments.tests.sdk_types import problems
from payments.tests.stand_in import StandIn
from payments.tests.test_api import paid as paid_order
from payments.tests.test_payment_links import link, paid

pytestmark = pytest.mark.django_db(transaction=True)


def sent(stripe_api: StandIn, path: str) -> dict[str, Any]:
    """What Stripe was asked for, as it arrived: all values are texts there."""
    (call,) = [call for call in stripe_api.calls(path, "POST") if call["path"] == path]
    return dict(call["params"])


@pytest.mark.parametrize("language", ["pt", "en"])
@pytest.mark.parametrize("methods", [[], ["card", "multibanco"]])
def test_the_session_of_a_link_is_what_the_sdk_declares(
    stripe_api: StandIn, settings: Any, methods: list[str], language: str
) -> None:
    """C2: unknown keys forbidden, literals enforced; and nothing else is sent."""
    settings.STRIPE_PAYMENT_METHODS = methods
    made = link(expires_at=timezone.now() + datetime.timedelta(hours=1))
    link_payments.start(made.pk, "", language)
    params = at_stripe_links.params(LinkPayment.objects.get())
    assert problems(SessionCreateParams, params) == []
    assert set(sent(stripe_api, "/v1/checkout/sessions")) == set(params)
    assert ("allowed_payment_method_types" in params) is bool(methods)


def test_the_session_of_a_sum_that_multibanco_does_not_take_is_what_the_sdk_declares(stripe_api: StandIn) -> None:
    """C2, C31."""
    made = link_payments.make(9_999_901, "Casamento")
    link_payments.start(made.pk, "", "pt")
    params = at_stripe_links.params(LinkPayment.objects.get())
    assert problems(SessionCreateParams, params) == []
    assert params["excluded_payment_method_types"] == ["multibanco"]


@pytest.mark.parametrize("of", ["an order", "a link"])
def test_a_refund_is_what_the_sdk_declares(stripe_api: StandIn, of: str) -> None:
    """C2: the parameters of both kinds of refund; and nothing else is sent."""
    if of == "an order":
        attempt = paid_order(stripe_api)
        row = refunds.refund(attempt.pk, 30, reason="x")
        intent, metadata = attempt.intent_id, {"refund": row.public_id, "order": attempt.order.number}
    else:
        payment = paid(stripe_api, link())
        made = link_refunds.refund(payment.pk, 30, reason="x")
        link_refunds.send(made.pk)
        intent, metadata = payment.intent_id, {"link_payment": payment.public_id, "link_refund": made.public_id}
    params = gateway.refund_params(str(intent), 30, metadata)
    assert problems(RefundCreateParams, params) == []
    arrived = sent(stripe_api, "/v1/refunds")
    assert set(arrived) == set(params)
    assert (arrived["payment_intent"], int(arrived["amount"]), arrived["metadata"]) == (intent, 30, metadata)


@pytest.mark.parametrize("wrong", [{"reason": "because"}, {"amount": "30"}, {"intent": "pi_1"}, {"metadata": {"x": 1}}])
def test_the_check_of_refunds_can_fail(wrong: Any) -> None:
    """C2: what the test above relies on."""
    assert len(problems(RefundCreateParams, wrong)) == 1
