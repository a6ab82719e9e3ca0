"""C18: events that tell of money going back before they tell of its coming."""

import pytest

from payments import link_payments
from payments.models import Refund
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_confirmation import attempt, fulfilled, planned

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
