"""Refunds on their way are no difference between the shop's books and Stripe's: C38, C53."""

import pytest

from payments import link_refunds, refunds
from payments.models import Discrepancy, LinkRefund, Refund
from payments.reconciliation.run import reconcile
from payments.tests.reconciling import found, today
from payments.tests.stand_in import StandIn
from payments.tests.test_payment_links import link
from payments.tests.test_payment_links import paid as paid_link
from payments.tests.test_refunds import pay

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_refund_on_its_way_is_no_difference(stripe_api: StandIn) -> None:
    """C38, C53: Stripe counts it when it is made, the shop when it has arrived, and what never arrives not at all."""
    attempt = pay(stripe_api)
    refunds.refund(attempt.pk, 10, reason="arrived")
    stripe_api.faults(refund_status="pending")
    row = refunds.refund(attempt.pk, 30, reason="on its way")
    reconcile(today())
    attempt.refresh_from_db()
    assert (row.state, attempt.refunded_cents, Discrepancy.objects.count()) == ("pending", 10, 0)
    stripe_api.settle_refund(str(row.provider_id), "failed")
    reconcile(today())
    attempt.refresh_from_db()
    assert (Refund.objects.get(pk=row.pk).state, attempt.refunded_cents, found()) == ("failed", 10, [])


def test_a_links_refund_on_its_way_is_no_difference(stripe_api: StandIn) -> None:
    """C38, C53."""
    payment = paid_link(stripe_api, link())
    stripe_api.faults(refund_status="pending")
    link_refunds.send(link_refunds.refund(payment.pk, 1000, reason="x").pk)
    row = LinkRefund.objects.get()
    reconcile(today())
    payment.refresh_from_db()
    assert (row.state, payment.refunded_cents, Discrepancy.objects.count()) == ("pending", 0, 0)
    stripe_api.settle_refund(str(row.provider_id), "succeeded")
    reconcile(today())
    payment.refresh_from_db()
    assert (LinkRefund.objects.get().state, payment.refunded_cents, found()) == ("succeeded", 1000, [])


@pytest.mark.parametrize("of", ["order", "link"])
def test_a_sum_that_differs_from_what_is_on_its_way_is_a_difference(stripe_api: StandIn, of: str) -> None:
    """C53: both sides as they are counted, with what is under way."""
    stripe_api.faults(refund_status="pending")
    if of == "order":
        attempt = pay(stripe_api)
        refunds.refund(attempt.pk, 30, reason="x")
        Refund.objects.create(attempt=attempt, amount_cents=3, state="pending", provider_id="re_unknown")
        intent_id = attempt.intent_id
    else:
        payment = paid_link(stripe_api, link())
        link_refunds.send(link_refunds.refund(payment.pk, 30, reason="x").pk)
        LinkRefund.objects.create(payment=payment, amount_cents=3, state="pending", provider_id="re_unknown")
        intent_id = payment.intent_id
    reconcile(today())
    assert found() == [("refund", intent_id, "0.33 EUR", "0.30 EUR")]
