"""Checkout Sessions and the hosted page, driven with Stripe's own SDK and plain form posts."""

import time

import pytest
import requests
import stripe

from sandbox.running import Sandbox
from sandbox.tests import sessions


def test_a_new_session_is_open_with_its_total_and_no_intent(client: stripe.StripeClient) -> None:
    """C3: a new Session's payment_intent is null."""
    session = sessions.make(client)
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert session.metadata is not None
    assert (session.amount_total, session.currency, session.metadata["order"]) == (1350, "eur", "P-1")


@pytest.mark.parametrize(("number", "brand"), [(sessions.GOOD, "visa"), ("5555 5555 5555 4444", "mastercard")])
def test_paying_on_the_hosted_page_completes_the_session_and_returns_to_the_shop(
    client: stripe.StripeClient, number: str, brand: str
) -> None:
    session = sessions.make(client)
    answer = sessions.pay_on_page(session, number)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"http://shop.test/return/?session_id={session.id}",
    )
    paid = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent.latest_charge"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received, intent.metadata["order"]) == ("succeeded", 1350, "P-1")
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.paid
    assert intent.latest_charge.payment_method_details is not None
    card = intent.latest_charge.payment_method_details.card
    assert card is not None
    assert (card.brand, card.last4) == (brand, number[-4:])


@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (sessions.DECLINED, "recusado", "card_declined"),
        (sessions.POOR, "saldo", "card_declined"),
        (sessions.EXPIRED, "expirou", "expired_card"),
    ],
)
def test_a_refused_card_leaves_the_session_open_with_a_message(
    client: stripe.StripeClient, number: str, words: str, code: str
) -> None:
    session = sessions.make(client)
    answer = sessions.pay_on_page(session, number)
    assert answer.status_code == 402
    assert words in answer.text
    after = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent"]})
    assert (after.status, after.payment_status) == ("open", "unpaid")
    assert isinstance(after.payment_intent, stripe.PaymentIntent)
    assert after.payment_intent.status == "requires_payment_method"
    assert after.payment_intent.last_payment_error is not None
    assert after.payment_intent.last_payment_error.code == code
    assert sessions.pay_on_page(session).status_code == 303


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": "4111111111111111"}, "não é um cartão de teste"),
        ({"expiry": "13/34"}, "validade"),
        ({"expiry": "01/20"}, "validade"),
        ({"cvc": "1"}, "segurança"),
        ({"name": " "}, "nome"),
    ],
)
def test_a_form_filled_in_wrongly_is_shown_again_and_nothing_is_tried(
    client: stripe.StripeClient, changes: dict[str, str], words: str
) -> None:
    session = sessions.make(client)
    answer = sessions.pay_on_page(session, **changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None
    assert client.v1.charges.list().data == []


@pytest.mark.parametrize("number", [sessions.CHALLENGE, "4000 0027 6000 3184"])
@pytest.mark.parametrize(
    ("answer", "status", "place"), [("complete", "complete", "/return/"), ("fail", "open", "?failed=1")]
)
def test_three_d_secure_asks_and_obeys_the_answer(
    client: stripe.StripeClient, sandbox: Sandbox, answer: str, status: str, place: str, number: str
) -> None:
    session = sessions.make(client)
    asked = sessions.pay_on_page(session, number)
    challenge = sandbox.options.base_url + asked.headers["Location"]
    assert "3-D Secure" in requests.get(challenge, timeout=5).text
    after = requests.post(challenge, data={"answer": answer}, allow_redirects=False, timeout=5)
    assert place in after.headers["Location"]
    assert client.v1.checkout.sessions.retrieve(session.id).status == status


def test_every_page_says_that_no_money_is_real_and_speaks_the_sessions_language(client: stripe.StripeClient) -> None:
    for locale, words in (("pt", "não há dinheiro real"), ("en", "no real money")):
        session = sessions.make(client, locale=locale)
        page = requests.get(str(session.url), timeout=5).text
        assert words in page
        assert "<script" not in page


def test_expiring_a_session_closes_its_page_and_only_open_ones_expire(client: stripe.StripeClient) -> None:
    session = sessions.make(client)
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    assert sessions.pay_on_page(session).status_code == 402
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        client.v1.checkout.sessions.expire(session.id)


@pytest.mark.parametrize("seconds", [60, 25 * 3600])
def test_expires_at_lies_between_30_minutes_and_24_hours(client: stripe.StripeClient, seconds: int) -> None:
    """C4."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sessions.make(client, expires_at=int(time.time()) + seconds)
    assert refused.value.param == "expires_at"
    assert client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"ui_mode": "hosted"}, None, "ui_mode"),
        ({"line_items": []}, "parameter_missing", "line_items"),
        ({"customer_email": "nobody"}, "email_invalid", "customer_email"),
        ({"success_url": ""}, "parameter_missing", "success_url"),
        ({"customer": "cus_unknown", "customer_email": None}, "resource_missing", "customer"),
        ({"payment_intent_data": {"shipping": {"address": {"line1": "x"}}}}, "parameter_missing",
         "payment_intent_data[shipping][name]"),
    ],
)  # fmt: skip
def test_parameters_that_stripe_would_refuse_are_refused(
    client: stripe.StripeClient, changes: dict[str, object], code: str | None, param: str
) -> None:
    """C2: an unknown, missing or wrong parameter never passes unnoticed."""
    given = {key: value for key, value in sessions.params(**changes).items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(params=given)  # type: ignore[arg-type]  # wrong on purpose: the stand-in must refuse it
    assert (refused.value.code, refused.value.param) == (code, param)
    assert client.v1.checkout.sessions.list().data == []
