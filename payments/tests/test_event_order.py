"""C18: events that tell of money going back before they tell of its coming."""

import itertools

import pytest

from orders.tests import visitors
from payments import books, confirmation, facts, gateway, link_payments, refunds
from payments.models import PaymentAttempt, Refund
from payments.tests.stand_in import Json, StandIn, deliver
from payments.tests.test_confirmation import attempt, fulfilled, planned
from payments.tests.test_elements import confirm, start

pytestmark = pytest.mark.django_db(transaction=True)


def told_backwards(stripe_api: StandIn) -> None:
    deliver(stripe_api.objects("event")[::-1])


def test_a_refund_that_is_told_before_its_payment_is_booked(stripe_api: StandIn) -> None:
    """C18, C35."""
    paid = attempt()
    stripe_api.pay(str(paid.session_id))
    (charge,) = stripe_api.objects("charge")
    stripe_api.dashboard_refund(charge["id"], 25)
    told_backwards(stripe_api)
    paid.refresh_from_db()
    assert (paid.state, paid.received_cents, paid.refunded_cents) == ("confirmed", 70, 25)
    assert (paid.order.state, paid.order.payment_state) == ("paid", "partly_refunded")
    assert Refund.objects.count() == 1
    assert [key for key in fulfilled(paid.order) if ":refunded:" not in key] == planned(paid.order)


def test_a_dispute_that_is_told_before_its_payment_is_booked(stripe_api: StandIn) -> None:
    """C18, C40."""
    paid = attempt()
    stripe_api.pay(str(paid.session_id))
    (charge,) = stripe_api.objects("charge")
    stripe_api.dispute(charge["id"])
    told_backwards(stripe_api)
    paid.refresh_from_db()
    assert (paid.state, paid.order.payment_state, paid.disputes.count()) == ("confirmed", "disputed", 1)


REFUND = ("checkout.session.completed", "payment_intent.succeeded", "refund.created", "charge.refunded")
DISPUTE = (
    "checkout.session.completed",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.closed",
)


def paid_and_then(stripe_api: StandIn, number: int, kinds: tuple[str, ...]) -> tuple[PaymentAttempt, dict[str, Json]]:
    """A payment of 70 cents of which 25 go back, or which a bank takes back whole; nothing of it was told yet."""
    paid = attempt(visitors.complete(f"{number}.jpg"))
    before = {row["id"] for row in stripe_api.objects("event")}
    stripe_api.pay(str(paid.session_id))
    charge = stripe_api.objects("charge")[-1]
    if kinds is REFUND:
        stripe_api.dashboard_refund(charge["id"], 25)
    else:
        stripe_api.close_dispute(stripe_api.dispute(charge["id"])["id"], "lost")
    told = {row["type"]: row for row in stripe_api.objects("event") if row["id"] not in before}
    return paid, {kind: told[kind] for kind in kinds}


@pytest.mark.parametrize(
    ("kinds", "cents", "payment_state"), [(REFUND, 25, "partly_refunded"), (DISPUTE, 0, "refunded")]
)
def test_every_order_of_a_payments_and_its_refunds_or_disputes_events_ends_the_same(
    stripe_api: StandIn, kinds: tuple[str, ...], cents: int, payment_state: str
) -> None:
    """C18, C35, C40: all 24 orders of four events."""
    ends = {}
    for number, turn in enumerate(itertools.permutations(kinds)):
        paid, told = paid_and_then(stripe_api, number, kinds)
        deliver([told[kind] for kind in turn])
        paid.refresh_from_db()
        order = paid.order
        ends[turn] = (paid.state, paid.received_cents, paid.refunded_cents, order.payment_state, paid.refunds.count())
        assert paid.events.filter(kind="confirmed").count() == 1, turn
    wanted = ("confirmed", 70, cents, payment_state, 1 if kinds is REFUND else 0)
    assert ends == dict.fromkeys(itertools.permutations(kinds), wanted)


def known_before_it_is_paid(stripe_api: StandIn, way: str) -> tuple[PaymentAttempt, str]:
    """A payment whose Intent the shop knows before the money is there; the customer has paid, no event has come."""
    if way == "element":
        started = start(visitors.complete())
        confirm(started.client_secret)
        paid = PaymentAttempt.objects.get()
    else:
        paid = attempt()
        stripe_api.pay(str(paid.session_id), method="multibanco")
        confirmation.settle_session(str(paid.session_id))
        paid.refresh_from_db()
        stripe_api.answer_intent(str(paid.intent_id), "complete")
    (charge,) = stripe_api.objects("charge")
    assert (paid.state, paid.received_cents, bool(paid.intent_id)) == ("pending", None, True)
    return paid, charge["id"]


def without_refund_mail(paid: PaymentAttempt) -> list[str]:
    return [key for key in fulfilled(paid.order) if ":refunded:" not in key]


@pytest.mark.parametrize("way", ["element", "voucher"])
@pytest.mark.parametrize(("cents", "payment_state"), [(25, "partly_refunded"), (70, "refunded")])
def test_a_refund_told_before_a_payment_whose_intent_is_known_ends_as_told_in_order(
    stripe_api: StandIn, way: str, cents: int, payment_state: str
) -> None:
    """C18, C35: an Element's attempt has its Intent from the start, a voucher's from the day it was issued."""
    paid, charge_id = known_before_it_is_paid(stripe_api, way)
    stripe_api.dashboard_refund(charge_id, cents)
    told_backwards(stripe_api)
    paid.refresh_from_db()
    assert (paid.state, paid.received_cents, paid.refunded_cents) == ("confirmed", 70, cents)
    assert (paid.order.state, paid.order.payment_state) == ("paid", payment_state)
    assert Refund.objects.count() == 1
    assert without_refund_mail(paid) == planned(paid.order)
    kinds = list(paid.events.values_list("kind", flat=True))
    assert kinds.index("confirmed") < kinds.index("refund_succeeded")


@pytest.mark.parametrize("way", ["element", "voucher"])
def test_a_dispute_told_before_a_payment_whose_intent_is_known_is_booked(stripe_api: StandIn, way: str) -> None:
    """C18, C40."""
    paid, charge_id = known_before_it_is_paid(stripe_api, way)
    stripe_api.dispute(charge_id)
    told_backwards(stripe_api)
    paid.refresh_from_db()
    assert (paid.state, paid.order.payment_state, paid.disputes.count()) == ("confirmed", "disputed", 1)


@pytest.mark.parametrize("way", ["element", "voucher"])
def test_money_that_went_back_whole_before_it_was_booked_fulfils_nothing(stripe_api: StandIn, way: str) -> None:
    """C18: whoever books the refund first."""
    paid, charge_id = known_before_it_is_paid(stripe_api, way)
    stripe_api.dashboard_refund(charge_id, 70)
    refunds.sync(str(paid.intent_id))
    told_backwards(stripe_api)
    paid.refresh_from_db()
    assert (paid.state, paid.received_cents, paid.refunded_cents) == ("confirmed", 70, 70)
    assert (paid.order.state, paid.order.payment_state, paid.order.paid_at) == ("expired", "refunded", None)
    assert without_refund_mail(paid) == []


@pytest.mark.parametrize("way", ["element", "voucher"])
def test_a_part_that_went_back_before_the_payment_was_booked_is_counted(stripe_api: StandIn, way: str) -> None:
    """C18, C39."""
    paid, charge_id = known_before_it_is_paid(stripe_api, way)
    stripe_api.dashboard_refund(charge_id, 25)
    refunds.sync(str(paid.intent_id))
    told_backwards(stripe_api)
    paid.refresh_from_db()
    assert (paid.refunded_cents, paid.order.state, paid.order.payment_state) == (25, "paid", "partly_refunded")
    assert without_refund_mail(paid) == planned(paid.order)


@pytest.mark.parametrize(
    ("status", "ends"), [("lost", ("expired", "refunded")), ("needs_response", ("paid", "disputed"))]
)
def test_a_dispute_booked_before_the_payment_decides_what_the_order_is(
    stripe_api: StandIn, status: str, ends: tuple[str, str]
) -> None:
    """C18, C40: what is lost to the bank is no longer there to print for."""
    paid, charge_id = known_before_it_is_paid(stripe_api, "element")
    found = facts.Dispute("dp_1", status, "fraudulent", 70, "EUR", str(paid.intent_id), charge_id)
    books.apply_dispute(found)
    confirmation.settle(facts.as_session(gateway.retrieve_intent(str(paid.intent_id))))
    paid.refresh_from_db()
    assert (paid.order.state, paid.order.payment_state) == ends
    assert fulfilled(paid.order) == ([] if status == "lost" else planned(paid.order))


def test_a_link_payments_refund_that_is_told_before_it_is_booked(stripe_api: StandIn) -> None:
    """C18."""
    link = link_payments.make(5000, "Sessão de retrato")
    paid = link_payments.start(link.pk, "v", "pt")
    stripe_api.pay(str(paid.session_id))
    (charge,) = stripe_api.objects("charge")
    stripe_api.dashboard_refund(charge["id"], 1200)
    told_backwards(stripe_api)
    paid.refresh_from_db()
    assert (paid.state, paid.received_cents, paid.refunded_cents) == ("confirmed", 5000, 1200)
