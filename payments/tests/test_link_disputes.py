"""Disputes of payments by link: each is kept, and what is over stays over (C40, C52)."""

import dataclasses

import pytest

from accounts import roles
from payments import gateway, link_disputes
from payments.models import LinkDispute, LinkPayment
from payments.reconciliation import unsettled
from payments.tests.stand_in import DISPUTED, StandIn, deliver
from payments.tests.test_link_refunds import desk
from payments.tests.test_payment_links import link, mails, paid

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment(stripe_api: StandIn) -> LinkPayment:
    """Paid, and disputed at once."""
    return paid(stripe_api, link(), card=DISPUTED)


def disputed_again(stripe_api: StandIn) -> str:
    """Another dispute of the same charge; its id."""
    made: str = stripe_api.dispute(stripe_api.objects("charge")[0]["id"])["id"]
    return made


def state(payment: LinkPayment) -> tuple[str, list[str]]:
    payment.refresh_from_db()
    return payment.dispute, list(payment.disputes.values_list("status", flat=True))


def test_each_dispute_of_a_payment_has_a_row_and_an_end_of_its_own(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C40: while one is open the payment is disputed, whichever came first; the owner hears of each change once."""
    first = stripe_api.objects("dispute")[0]["id"]
    second = disputed_again(stripe_api)
    deliver(stripe_api.objects("event"))
    assert state(payment) == ("needs_response", ["needs_response"] * 2)
    stripe_api.close_dispute(second, "won")
    for _twice in range(2):
        deliver(stripe_api.objects("event"))
    assert state(payment) == ("needs_response", ["needs_response", "won"])
    stripe_api.close_dispute(first, "lost")
    deliver(stripe_api.objects("event"))
    assert state(payment) == ("won", ["lost", "won"])
    assert mails().count("dispute") == 4
    assert payment.events.filter(kind__startswith="dispute_").count() == 4
    row = payment.disputes.get(provider_id=first)
    assert (row.amount_cents, row.currency, row.reason) == (5000, "EUR", "fraudulent")


@pytest.mark.parametrize("last", ["won", "lost", "warning_closed", "prevented"])
def test_what_is_over_stays_over(payment: LinkPayment, stripe_api: StandIn, last: str) -> None:
    """C40: of two processes the one that asked Stripe first is the last to get the lock."""
    (early,) = gateway.disputes_of(str(payment.intent_id))
    assert early.status == "needs_response"
    link_disputes.apply(dataclasses.replace(early, status=last))
    told = mails().count("dispute")
    for stale in ("needs_response", "under_review", "won"):
        assert link_disputes.apply(dataclasses.replace(early, status=stale))
        assert state(payment) == (last, [last])
    assert mails().count("dispute") == told


def test_reconciliation_learns_the_end_of_each_dispute(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C52: the older one ended and a newer one was opened, both unheard."""
    first = stripe_api.objects("dispute")[0]["id"]
    disputed_again(stripe_api)
    stripe_api.close_dispute(first, "lost")
    assert unsettled.link_disputes_open() == 1
    assert state(payment)[0] == "needs_response"
    assert dict(payment.disputes.values_list("provider_id", "status"))[first] == "lost"
    assert payment.disputes.count() == 2


def test_a_dispute_of_nobodys_payment_is_not_ours(payment: LinkPayment, stripe_api: StandIn) -> None:
    (found,) = gateway.disputes_of(str(payment.intent_id))
    for intent_id in ("", "pi_unknown"):
        assert not link_disputes.apply(dataclasses.replace(found, id="du_other", intent_id=intent_id))
    assert LinkDispute.objects.count() == 1


def test_disputes_stand_on_the_payments_page(payment: LinkPayment, stripe_api: StandIn) -> None:
    owner = desk()
    roles.install_roles()
    page = owner.get(f"/admin/payments/linkpayment/{payment.pk}/change/").content.decode()
    assert payment.disputes.get().provider_id in page
