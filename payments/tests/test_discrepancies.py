"""A discrepancy's life: written once, closed when both sides agree whatever its day, and counted once in a race (C53)."""

from collections.abc import Callable
from typing import Any

import pytest

from orders.tests import visitors
from payments import gateway, metrics
from payments.checkout import start_checkout
from payments.models import Discrepancy, PaymentAttempt
from payments.reconciliation import again, balance, discrepancies, endpoint, returned
from payments.reconciliation.run import reconcile
from payments.tests.reconciling import long_ago, today
from payments.tests.stand_in import DISPUTED, StandIn, deliver
from payments.tests.together import before_it_is_committed

pytestmark = pytest.mark.django_db(transaction=True)
Kind = Discrepancy.Kind


def found() -> list[tuple[str, str]]:
    return list(Discrepancy.objects.filter(resolved_at=None).order_by("pk").values_list("kind", "object_id"))


def forgotten(stripe_api: StandIn, card: str = "") -> Callable[[], int]:
    """A payment made at Stripe and unknown here, as after a restored backup; what brings its row back."""
    made = start_checkout(visitors.complete(), language="pt", terms=True).order.attempts.get()
    stripe_api.pay(str(made.session_id), **({"card": card} if card else {}))
    rows = PaymentAttempt.objects.filter(pk=made.pk)
    known = {"session_id": made.session_id, "public_id": made.public_id, "state": "pending"}
    rows.update(session_id=f"cs_test_other{made.pk}", public_id=f"pay_other{made.pk}", state="failed")
    return lambda: rows.update(**known)


def test_a_refund_of_an_unknown_payment_closes_once_it_is_booked(stripe_api: StandIn) -> None:
    """C53: on the next run, although that compares another day."""
    come_back = forgotten(stripe_api)
    refund = stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 30)["id"]
    returned.refunds_made(today())
    assert (found(), Discrepancy.objects.get().theirs) == ([("refund", refund)], "0.30 EUR")
    reconcile(long_ago())
    assert found() == [("refund", refund)]
    come_back()
    reconcile(long_ago())
    assert found() == []
    assert PaymentAttempt.objects.get().refunded_cents == 30


def test_an_unknown_dispute_closes_once_it_is_booked(stripe_api: StandIn) -> None:
    """C53: and one that names an order which is not here ends no run."""
    come_back = forgotten(stripe_api, DISPUTED)
    dispute = stripe_api.objects("dispute")[0]["id"]
    assert returned.disputes_made(today()) == 1
    assert found() == [("dispute", dispute)]
    come_back()
    reconcile(long_ago())
    assert found() == []
    assert PaymentAttempt.objects.get().disputes.get().provider_id == dispute


def test_the_days_own_comparison_closes_them_too(stripe_api: StandIn) -> None:
    come_back = [forgotten(stripe_api, DISPUTED), forgotten(stripe_api)]
    refund = stripe_api.dashboard_refund(stripe_api.objects("charge")[-1]["id"], 30)["id"]
    returned.refunds_made(today())
    returned.disputes_made(today())
    assert [kind for kind, _object in found()] == ["refund", "dispute"]
    for row in come_back:
        row()
    deliver(stripe_api.objects("event"))
    returned.refunds_made(today())
    returned.disputes_made(today())
    assert (found(), refund[:3]) == ([], "re_")


def test_money_of_a_day_long_past_closes_by_itself(stripe_api: StandIn) -> None:
    """C53: missing here, another sum, other refunds, missing there, a payout."""
    come_back = forgotten(stripe_api)
    reconcile(today())
    intent = stripe_api.objects("payment_intent")[0]["id"]
    assert found() == [("missing_here", intent)]
    come_back()
    reconcile(long_ago())
    attempt = PaymentAttempt.objects.get()
    assert (found(), attempt.state) == ([], "confirmed")
    stripe_api._post("payouts")
    payout = next(gateway.payouts_made(today().span))
    for kind, object_id in [(Kind.AMOUNT, intent), (Kind.REFUND, intent), (Kind.PAYOUT, payout.id)]:
        discrepancies.found(kind, object_id, ours="0.60 EUR", theirs="0.70 EUR")
    discrepancies.found(Kind.MISSING_THERE, attempt.public_id, ours="0.70 EUR", theirs="")
    balance.movements(today())
    assert again.open_ones() == 4
    assert found() == []


def test_what_stripe_refuses_to_show_stays_open_and_stops_nothing(stripe_api: StandIn) -> None:
    discrepancies.found(Kind.DISPUTE, "du_unknown", ours="", theirs="needs_response")
    discrepancies.found(Kind.REFUND, "re_unknown", ours="", theirs="0.30 EUR")
    assert again.open_ones() == 2
    assert found() == [("dispute", "du_unknown"), ("refund", "re_unknown")]


def test_two_runs_at_once_open_a_discrepancy_again_once(stripe_api: StandIn) -> None:
    """Both stand before the row, which a third holds: without the lock both would have read it as closed, and count it."""
    discrepancies.found(Kind.AMOUNT, "pi_1", ours="0.60 EUR", theirs="0.70 EUR")
    assert discrepancies.agree(["pi_1"]) == 1
    results = before_it_is_committed(
        lambda: Discrepancy.objects.select_for_update().get(),
        2,
        lambda: discrepancies.found(Kind.AMOUNT, "pi_1", ours="0.60 EUR", theirs="0.70 EUR"),
    )
    assert sorted(results, key=str) == [False, True]
    assert found() == [("amount", "pi_1")]


def test_a_discrepancy_is_counted_when_it_appears_and_when_a_side_changes() -> None:
    counter = metrics.DISCREPANCIES.labels(str(Kind.AMOUNT))._value
    counted = [counter.get()]
    for theirs in ("0.70 EUR", "0.70 EUR", "0.71 EUR"):
        discrepancies.found(Kind.AMOUNT, "pi_1", ours="0.60 EUR", theirs=theirs)
        counted.append(counter.get())
    assert [after - counted[0] for after in counted] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("base", "found_at", "same"),
    [
        ("", "https://shop.example/webhooks/stripe/", True),
        ("", "https://other.example/webhooks/stripe/", False),
        ("http://127.0.0.1:1", "http://web:8000/webhooks/stripe/", True),
        ("http://127.0.0.1:1", "http://web:8000/other/", False),
    ],
)
def test_the_webhooks_endpoint_is_the_shops_whole_address(settings: Any, base: str, found_at: str, same: bool) -> None:
    """C25: only a stand-in may know the shop by another host."""
    settings.STRIPE_API_BASE = base
    assert endpoint._same(found_at, "https://shop.example/webhooks/stripe/") is same
