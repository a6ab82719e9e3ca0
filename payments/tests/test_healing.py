"""What reconciliation heals or notes by one step alone, where no other would have seen it (C35, C38, C51–C55)."""

import datetime

import pytest
from django.core import mail
from django.utils import timezone

from orders.tests import visitors
from payments import confirmation, gateway, link_payments, refunds
from payments.models import Discrepancy, LinkPayment, PaymentAttempt, Payout, Refund
from payments.reconciliation import again, balance, discrepancies, unsettled
from payments.reconciliation import payments as compared
from payments.reconciliation.mail import email_discrepancies
from payments.reconciliation.run import reconcile
from payments.tests import test_payment_links as links
from payments.tests.reconciling import found, long_ago, today
from payments.tests.stand_in import DISPUTED, StandIn, deliver
from payments.tests.test_confirmation import attempt
from payments.tests.test_elements import confirm, start

pytestmark = pytest.mark.django_db(transaction=True)
Kind = Discrepancy.Kind


def ago(**time: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(**time)


def paid(stripe_api: StandIn, **how: str) -> PaymentAttempt:
    made = attempt(visitors.complete(f"{PaymentAttempt.objects.count()}.jpg"))
    stripe_api.pay(str(made.session_id), **how)
    confirmation.settle_session(str(made.session_id))
    made.refresh_from_db()
    return made


def test_each_step_says_how_much_it_looked_at(stripe_api: StandIn) -> None:
    """C51: what the command shows and the log keeps."""
    paid(stripe_api)
    stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 30)
    paid(stripe_api, card=DISPUTED)
    deliver(stripe_api.objects("event"))
    counts = reconcile(today()).counts
    assert {step: counts[step] for step in ("sessions", "intents", "refunds", "disputes", "disputes_open")} == {
        "sessions": 2,
        "intents": 2,
        "refunds": 1,
        "disputes": 1,
        "disputes_open": 1,
    }


@pytest.mark.parametrize("way", ["order", "link"])
def test_a_refund_of_another_day_is_booked_from_its_payments_own_figures(stripe_api: StandIn, way: str) -> None:
    """C51, C35: of the day that is compared there is the Intent alone."""
    payment: PaymentAttempt | LinkPayment = paid(stripe_api) if way == "order" else links.paid(stripe_api, links.link())
    stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 30)
    compared.intents(today())
    payment.refresh_from_db()
    assert (payment.refunded_cents, found()) == (30, [])


def test_an_elements_payment_of_an_earlier_day_is_settled(stripe_api: StandIn) -> None:
    """C52: no Session tells of it."""
    confirm(start(visitors.complete()).client_secret)
    PaymentAttempt.objects.update(created_at=ago(hours=3))
    assert unsettled.attempts_open() == 1
    made = PaymentAttempt.objects.get()
    assert (made.state, made.order.state) == ("confirmed", "paid")


def test_an_orders_page_that_stripe_never_made_ends(stripe_api: StandIn) -> None:
    """C44, C52: Stripe's list does not have it, and its key can no longer be sent; the customer may pay again."""
    made = attempt()
    stripe_api.reset()
    PaymentAttempt.objects.update(session_id=None, state="created", url="", params_hash="lost", created_at=ago(hours=3))
    assert unsettled.attempts_open() == 1
    made.refresh_from_db()
    assert (made.state, made.order.state, stripe_api.objects("checkout.session")) == ("canceled", "pending", [])


@pytest.mark.parametrize("answer", ["came", "was lost"])
def test_a_link_payment_of_an_earlier_day_is_settled(stripe_api: StandIn, answer: str) -> None:
    """C52, C43: by its Session or, where that was never known, by what the Session carries; one that Stripe never made,
    and whose page could still be asked for, is left as it is."""
    payment = link_payments.start(links.link().pk, "", "pt")
    stripe_api.pay(str(payment.session_id))
    never = LinkPayment.objects.create(link=links.link(), amount_cents=5000, expires_at=ago(hours=-1))
    if answer == "was lost":
        LinkPayment.objects.filter(pk=payment.pk).update(session_id=None, state="created", url="")
    assert unsettled.links_open() == 0  # an hour is left to the webhook
    LinkPayment.objects.update(created_at=ago(hours=3))
    assert unsettled.links_open() == 2
    for row in (payment, never):
        row.refresh_from_db()
    assert (payment.state, payment.received_cents, never.state) == ("confirmed", 5000, "created")


@pytest.mark.parametrize(("outcome", "cents"), [("succeeded", 30), ("failed", 0)])
def test_an_orders_refund_that_ended_unheard_is_settled(stripe_api: StandIn, outcome: str, cents: int) -> None:
    """C38, C52: it was pending when it was made, and its webhook was missed."""
    payment = paid(stripe_api)
    stripe_api.faults(refund_status="pending")
    made = refunds.refund(payment.pk, 30, reason="x")
    stripe_api.settle_refund(str(made.provider_id), outcome)
    assert unsettled.refunds_open() == 0
    Refund.objects.update(created_at=ago(hours=2))
    assert unsettled.refunds_open() == 1
    made.refresh_from_db()
    payment.refresh_from_db()
    assert (made.state, payment.refunded_cents) == (outcome, cents)
    assert [row["amount"] for row in stripe_api.objects("refund")] == [30]


@pytest.mark.parametrize(("minutes", "status"), [(61, "paid"), (59, "in_transit")])
def test_a_payout_on_its_way_is_looked_at_again_after_an_hour(stripe_api: StandIn, minutes: int, status: str) -> None:
    """C55: whatever its day."""
    paid(stripe_api)
    stripe_api._post("payouts")
    assert balance.payouts(today()) == 1
    Payout.objects.update(status="in_transit", created_at=ago(minutes=minutes))
    assert balance.payouts(long_ago()) == 0
    assert Payout.objects.get().status == status


@pytest.mark.parametrize(("days", "cents"), [(9, 0), (11, 1)])
def test_a_payout_that_was_paid_is_looked_at_again_for_ten_days(stripe_api: StandIn, days: int, cents: int) -> None:
    """C55: one that the bank refuses shows as paid first."""
    paid(stripe_api)
    stripe_api._post("payouts")
    assert balance.payouts(today()) == 1
    booked = Payout.objects.get().amount_cents
    Payout.objects.update(amount_cents=1, created_at=ago(days=days))
    assert balance.payouts(long_ago()) == 0
    assert (Payout.objects.get().status, Payout.objects.get().amount_cents) == ("paid", cents or booked)


def test_money_charged_without_an_intent_is_a_discrepancy_of_its_charge(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C53: in Stripe's dashboard. The stand-in makes no such charge, so one is shown without its Intent."""
    made = attempt()
    stripe_api.pay(str(made.session_id))
    balance.movements(today())
    monkeypatch.setattr(gateway, "intent_of_charge", lambda _charge_id: None)
    assert balance.of_nobody(today()) == 1
    assert found() == [("missing_here", stripe_api.objects("charge")[0]["id"], "", "0.70 EUR, -")]


@pytest.mark.parametrize("kind", [Kind.MISSING_HERE, Kind.AMOUNT, Kind.CURRENCY, Kind.STATE, Kind.REFUND])
def test_each_kind_of_difference_in_a_payment_closes_by_itself(stripe_api: StandIn, kind: Kind) -> None:
    """C53: also where it is the only one."""
    payment = paid(stripe_api)
    discrepancies.found(kind, str(payment.intent_id), ours="0.60 EUR", theirs="0.70 EUR")
    assert again.open_ones() == 1
    assert found() == []


def test_a_paid_intent_whose_payment_cannot_be_settled_is_a_discrepancy(stripe_api: StandIn) -> None:
    """C53: the row names a Session that Stripe does not have; once it is put right the money is booked."""
    made = attempt()
    stripe_api.pay(str(made.session_id))
    intent = stripe_api.objects("payment_intent")[0]["id"]
    PaymentAttempt.objects.update(session_id="cs_test_other", intent_id=intent)
    for _twice in range(2):
        compared.intents(today())
    assert (found(), Discrepancy.objects.get().attempt) == ([("state", intent, "pending", "succeeded")], made)
    PaymentAttempt.objects.update(session_id=made.session_id)
    compared.intents(today())
    made.refresh_from_db()
    assert (found(), made.state) == ([], "confirmed")


@pytest.mark.parametrize(("count", "rest"), [(50, ""), (51, "E mais 1.")])
def test_the_report_lists_fifty_and_says_how_many_more_there_are(count: int, rest: str) -> None:
    Discrepancy.objects.bulk_create(Discrepancy(kind="payout", object_id=f"po_{number}") for number in range(count))
    email_discrepancies("2027-01-31")
    (letter,) = mail.outbox
    assert (letter.body.count("po_"), "E mais" in letter.body) == (50, bool(rest))
    assert rest in letter.body
