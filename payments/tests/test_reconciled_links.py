"""Payments by link, and charges that nobody here owns, against the stand-in's books (C53, C54)."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from orders.tests import visitors
from payments import link_payments, link_refunds
from payments.checkout import start_checkout
from payments.models import BalanceTransaction, Discrepancy, LinkPayment, PaymentAttempt
from payments.reconciliation import balance, endpoint
from payments.reconciliation.run import reconcile
from payments.tests.reconciling import found, movement_arrives, today
from payments.tests.stand_in import StandIn, deliver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def dropped_webhooks(stripe_api: StandIn) -> None:
    stripe_api.faults(webhook_drop=True)


def paid_link(stripe_api: StandIn, deliver_it: bool = True) -> LinkPayment:
    link = link_payments.make(5000, "Sessão de retrato")
    payment = link_payments.start(link.pk, "v", "pt")
    stripe_api.pay(str(payment.session_id))
    if deliver_it:
        deliver(stripe_api.objects("event"))
    payment.refresh_from_db()
    return payment


def attempt() -> PaymentAttempt:
    return start_checkout(visitors.complete(), language="pt", terms=True).order.attempts.get()


def forget(made: PaymentAttempt) -> None:
    """As if the database had been restored from before: the row now belongs to another Session."""
    PaymentAttempt.objects.filter(pk=made.pk).update(session_id="cs_test_other", public_id="pay_other", state="failed")


def without_the_days_intents(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Sessions and Intents had been made on an earlier day, and paid on this."""
    for listing in ("sessions_made", "intents_made"):
        monkeypatch.setattr(f"payments.gateway.{listing}", lambda _span: iter(()))


def test_a_links_fee_is_tied_to_its_payment(stripe_api: StandIn) -> None:
    """C54: the charge's movement and that of its refund, however the payment was learned of."""
    told, missed = paid_link(stripe_api), paid_link(stripe_api, deliver_it=False)
    link_refunds.send(link_refunds.refund(told.pk, 1000, reason="half the session").pk)
    reconcile(today())
    for payment in (told, missed):
        payment.refresh_from_db()
        charge = payment.balance_transactions.get(kind="charge")
        assert (payment.state, charge.amount_cents, charge.source_id) == ("confirmed", 5000, payment.charge_id)
        assert charge.fee_cents > 0
    assert told.balance_transactions.get(kind="refund").amount_cents == -1000
    assert (found(), BalanceTransaction.objects.filter(attempt=None, link_payment=None).count()) == ([], 0)


def test_a_links_fee_that_comes_later_is_booked_later(stripe_api: StandIn, wait_until: Callable[..., Any]) -> None:
    """C54."""
    stripe_api.faults(balance_delay=3600)
    payment = paid_link(stripe_api)
    assert reconcile(today()).counts["without_movement"] == 1
    assert payment.balance_transactions.count() == 0
    movement_arrives(stripe_api, wait_until)
    other = paid_link(stripe_api)
    LinkPayment.objects.filter(pk=other.pk).update(charge_id="")
    assert balance.without_movement(today()) == 0
    assert [row.balance_transactions.get().amount_cents for row in (payment, other)] == [5000, 5000]


def test_a_link_payment_that_stripe_does_not_know_is_a_discrepancy(stripe_api: StandIn) -> None:
    """C53: missing there, once."""
    payment = paid_link(stripe_api)
    stripe_api.reset()
    endpoint.check()
    for _run in range(2):
        reconcile(today())
    payment.refresh_from_db()
    assert found() == [("missing_there", payment.public_id, "50.00 EUR", "")]
    assert payment.state == "confirmed"


@pytest.mark.parametrize(
    ("changes", "kind", "ours", "theirs"),
    [
        ({"received_cents": 4000}, "amount", "40.00 EUR", "50.00 EUR"),
        ({"currency": "USD"}, "currency", "USD", "EUR"),
    ],
)
def test_a_links_figures_that_differ_are_a_discrepancy_each(
    stripe_api: StandIn, changes: dict[str, Any], kind: str, ours: str, theirs: str
) -> None:
    """C53."""
    payment = paid_link(stripe_api)
    LinkPayment.objects.filter(pk=payment.pk).update(**changes)
    reconcile(today())
    reconcile(today())
    assert found() == [(kind, str(payment.intent_id), ours, theirs)]


def test_money_of_an_earlier_days_intent_is_settled_by_its_movement(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C51: an attempt that was closed here, and paid days after it was opened; no list of the day but the movements has it."""
    made = attempt()
    stripe_api.pay(str(made.session_id))
    PaymentAttempt.objects.filter(pk=made.pk).update(state="canceled")
    without_the_days_intents(monkeypatch)
    result = reconcile(today())
    made.refresh_from_db()
    assert (result.counts["of_nobody"], made.state, made.order.state) == (1, "confirmed", "paid")
    assert made.balance_transactions.get().amount_cents == 70
    assert found() == []


def test_money_of_an_earlier_days_intent_that_nobody_knows_is_one_discrepancy(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C53: missing here; by the movements and by the Intents alike, as one row."""
    made = attempt()
    stripe_api.pay(str(made.session_id))
    forget(made)
    with monkeypatch.context() as patch:
        without_the_days_intents(patch)
        reconcile(today())
    intent = stripe_api.objects("payment_intent")[0]["id"]
    first = found()
    assert first == [("missing_here", intent, "", f"0.70 EUR, {made.order.number}")]
    at = Discrepancy.objects.get().found_at
    reconcile(today())
    assert (found(), Discrepancy.objects.get().found_at) == (first, at)
    assert made.order.payment_state == "unpaid"


def test_yesterdays_movements_are_not_looked_at_again(stripe_api: StandIn) -> None:
    made = attempt()
    stripe_api.pay(str(made.session_id))
    forget(made)
    reconcile(today())
    BalanceTransaction.objects.update(created_at=timezone.now() - datetime.timedelta(days=3))
    assert balance.of_nobody(today()) == 0
