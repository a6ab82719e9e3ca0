"""Intents, refunds, disputes, vouchers, MB WAY, balance transactions, payouts."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from sandbox.running import Sandbox
from sandbox.tests import sessions
from sandbox.tests.conftest import Receiver
from sandbox.tests.test_webhooks import eventually

Control = Callable[..., Any]


def paid_intent(client: stripe.StripeClient, amount: int = 1000, method: str = "pm_card_visa") -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "eur",
            "payment_method": method,
            "confirm": True,
            "return_url": "http://shop.test/",
        }
    )


def test_an_intent_is_created_changed_confirmed_and_cannot_be_paid_twice(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {"amount": 900, "currency": "eur", "automatic_payment_methods": {"enabled": True}}
    )
    assert (intent.status, str(intent.client_secret).startswith(f"{intent.id}_secret_")) == (
        "requires_payment_method",
        True,
    )
    client.v1.payment_intents.update(intent.id, {"amount": 950})
    paid = client.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_mastercard", "return_url": "http://x.test"}
    )
    assert (paid.status, paid.amount_received) == ("succeeded", 950)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert refused.value.code == "payment_intent_unexpected_state"
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_a_declined_card_is_a_card_error_and_the_intent_can_be_tried_again(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        paid_intent(client, method="pm_card_chargeDeclinedInsufficientFunds")
    assert (declined.value.code, declined.value.http_status) == ("card_declined", 402)
    assert declined.value.error is not None
    assert declined.value.error.decline_code == "insufficient_funds"
    (intent,) = client.v1.payment_intents.list().data
    assert intent.status == "requires_payment_method"
    assert client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_three_d_secure_on_an_intent_redirects_and_comes_back(client: stripe.StripeClient) -> None:
    intent = paid_intent(client, method="pm_card_authenticationRequired")
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    back = requests.post(
        str(intent.next_action.redirect_to_url.url), data={"answer": "complete"}, allow_redirects=False, timeout=5
    )
    assert "redirect_status=succeeded" in back.headers["Location"]
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_only_an_unpaid_intent_is_cancelled_and_never_that_of_a_session(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 900, "currency": "eur"})
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.cancel(paid_intent(client).id)
    session = sessions.make(client)
    sessions.pay_on_page(session, sessions.DECLINED)
    of_session = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    with pytest.raises(stripe.InvalidRequestError, match="Checkout Session"):
        client.v1.payment_intents.cancel(str(of_session))
    client.v1.checkout.sessions.expire(session.id)
    assert client.v1.payment_intents.retrieve(str(of_session)).status == "canceled"


def test_refunds_never_exceed_the_charge_and_move_the_balance(client: stripe.StripeClient, receiver: Receiver) -> None:
    """C32."""
    intent = paid_intent(client)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 600, "reason": "requested_by_customer"})
    assert (refund.status, refund.amount) == ("succeeded", 600)
    with pytest.raises(stripe.InvalidRequestError, match="greater than"):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 600})
    charge = client.v1.charges.retrieve(str(intent.latest_charge), {"expand": ["refunds", "balance_transaction"]})
    assert (charge.amount_refunded, charge.refunded) == (600, False)
    assert charge.refunds is not None
    assert [item.id for item in charge.refunds.data] == [refund.id]
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (40, 960)
    client.v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_already_refunded"
    assert eventually(lambda: receiver.types().count("charge.refunded") == 2)


def test_a_refund_may_be_pending_and_fail(client: stripe.StripeClient, control: Control) -> None:
    """C38."""
    control("faults", refund_status="pending")
    intent = paid_intent(client)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "pending"
    control(f"refunds/{refund.id}/failed")
    assert client.v1.refunds.retrieve(refund.id).status == "failed"
    assert client.v1.charges.retrieve(str(intent.latest_charge)).amount_refunded == 0


def test_a_multibanco_voucher_completes_the_session_unpaid_and_is_paid_later(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    """C26, C27, C29."""
    session = sessions.make(client)
    answer = sessions.pay_on_page(session, method="multibanco")
    voucher_page = answer.headers["Location"]
    waiting = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    assert isinstance(waiting.payment_intent, stripe.PaymentIntent)
    assert waiting.payment_intent.next_action is not None
    details = waiting.payment_intent.next_action.multibanco_display_details
    assert details is not None
    assert str(details.reference) in requests.get(voucher_page, timeout=5).text
    requests.post(f"{sandbox.options.base_url}/sandbox/do/complete/{waiting.payment_intent.id}", timeout=5)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert eventually(lambda: "checkout.session.async_payment_succeeded" in receiver.types())


def test_a_voucher_that_expires_fails_the_session(
    client: stripe.StripeClient, control: Control, receiver: Receiver
) -> None:
    """C28."""
    session = sessions.make(client)
    intent = control(f"sessions/{session.id}/pay", method="multibanco")["payment_intent"]
    control(f"intents/{intent['id']}/fail")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    assert eventually(lambda: "checkout.session.async_payment_failed" in receiver.types())


@pytest.mark.parametrize(("approve", "status"), [(True, "complete"), (False, "open")])
def test_mb_way_waits_for_the_customers_phone(
    client: stripe.StripeClient, control: Control, approve: bool, status: str
) -> None:
    session = sessions.make(client)
    control(f"sessions/{session.id}/pay", method="mb_way", approve=approve)
    assert client.v1.checkout.sessions.retrieve(session.id).status == status


def test_multibanco_is_not_offered_outside_its_limits(client: stripe.StripeClient) -> None:
    """C31."""
    item = {
        "quantity": 1,
        "price_data": {"currency": "eur", "unit_amount": 9_999_901, "product_data": {"name": "Tudo"}},
    }
    assert "multibanco" not in sessions.make(client, line_items=[item]).payment_method_types
    assert "multibanco" in sessions.make(client).payment_method_types
    assert sessions.make(client, allowed_payment_method_types=["card"]).payment_method_types == ["card"]


@pytest.mark.parametrize(("outcome", "net"), [("won", 960 - 2000), ("lost", -40 - 2000)])
def test_a_dispute_takes_the_money_until_it_is_won(
    client: stripe.StripeClient, control: Control, receiver: Receiver, outcome: str, net: int
) -> None:
    """C40."""
    session = sessions.make(client, line_items=[
        {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 1000, "product_data": {"name": "20 × 30"}}}
    ])  # fmt: skip
    assert sessions.pay_on_page(session, sessions.DISPUTED).status_code == 303
    (dispute,) = client.v1.disputes.list().data
    assert (dispute.status, dispute.amount) == ("needs_response", 1000)
    control(f"disputes/{dispute.id}/{outcome}")
    assert client.v1.disputes.retrieve(dispute.id).status == outcome
    assert sum(item.net for item in client.v1.balance_transactions.list().data) == net
    assert eventually(lambda: "charge.dispute.closed" in receiver.types())


def test_a_payout_is_the_sum_of_its_balance_transactions_page_by_page(
    client: stripe.StripeClient, control: Control
) -> None:
    """C55."""
    for amount in (1000, 2000, 3000):
        paid_intent(client, amount)
    payout = control("payouts")
    listed = client.v1.balance_transactions.list({"payout": payout["id"], "limit": 2})
    items = [item for item in listed.auto_paging_iter() if item.type != "payout"]
    assert len(items) == 3
    assert sum(item.net for item in items) == payout["amount"] == 6000 - 40 - 55 - 70


def test_what_a_reset_forgot_does_not_come_back_when_its_time_comes(
    client: stripe.StripeClient, control: Control, sandbox: Sandbox
) -> None:
    """A charge whose money was still on its way: of the next customer's day it is no part."""
    control("faults", balance_delay=3600)
    paid_intent(client)
    control("reset")  # ends the delay too
    sandbox.clock.tick()
    assert (client.v1.charges.list().data, client.v1.balance_transactions.list().data) == ([], [])


def test_a_balance_transaction_may_come_later(client: stripe.StripeClient, control: Control) -> None:
    """C54."""
    control("faults", balance_delay=1)
    charge_id = str(paid_intent(client).latest_charge)
    assert client.v1.charges.retrieve(charge_id).balance_transaction is None
    assert eventually(lambda: client.v1.charges.retrieve(charge_id).balance_transaction is not None)
