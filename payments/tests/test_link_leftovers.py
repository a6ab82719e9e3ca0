"""What a crash or a missed event leaves of a payment by link is brought to an end by the comparison with Stripe (C52)."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from payments import at_stripe_links, link_payments
from payments.models import LinkPayment, PaymentLink
from payments.problems import PaymentRefused
from payments.reconciliation import unsettled
from payments.tests.stand_in import StandIn
from payments.tests.test_payment_links import link

pytestmark = pytest.mark.django_db(transaction=True)


def lost(minutes_left: int) -> LinkPayment:
    """Begun three hours ago; the process died before Stripe's answer was stored."""
    payment = link_payments.start(link().pk, "", "pt")
    now = timezone.now()
    LinkPayment.objects.filter(pk=payment.pk).update(
        session_id=None, url="", state="created", created_at=now - datetime.timedelta(hours=3),
        expires_at=now + datetime.timedelta(minutes=minutes_left),
    )  # fmt: skip
    return payment


def test_a_page_that_stripe_never_made_ends_when_it_would_have_closed(stripe_api: StandIn) -> None:
    """C52: nobody came back to the link; not before, for the next click asks with the same key."""
    over, still_open = lost(-60), lost(60)
    stripe_api.reset()
    assert unsettled.links_open() == 2
    assert {row.pk: row.state for row in LinkPayment.objects.all()} == {over.pk: "canceled", still_open.pk: "created"}
    assert over.link.events.get(kind="canceled").why == "Stripe never made its page"
    assert stripe_api.objects("checkout.session") == []


def test_a_page_whose_answer_was_lost_is_found_with_its_reference(stripe_api: StandIn) -> None:
    """C52, C29: the payer has chosen Multibanco meanwhile, and no event came."""
    payment = link_payments.start(link().pk, "", "pt")
    stripe_api.pay(str(payment.session_id), method="multibanco")
    past = timezone.now() - datetime.timedelta(hours=3)
    LinkPayment.objects.update(session_id=None, url="", state="created", created_at=past)
    assert unsettled.links_open() == 1
    found = LinkPayment.objects.get()
    intent = stripe_api.objects("payment_intent")[0]
    details = intent["next_action"]["multibanco_display_details"]
    assert (found.state, found.session_id) == ("pending", payment.session_id)
    assert found.voucher is not None
    assert (found.voucher["entity"], found.voucher["reference"]) == (details["entity"], details["reference"])


def test_a_page_asked_for_too_late_is_followed_by_one_that_can_be_paid(stripe_api: StandIn) -> None:
    """C41, C44: a crash before Stripe heard of it; by now it would close sooner than Stripe allows. A new key, at once."""
    old = lost(20)
    stripe_api.reset()
    new = link_payments.start(old.link_id, "", "pt")
    (session,) = stripe_api.objects("checkout.session")
    assert (new.pk != old.pk, new.session_id, LinkPayment.objects.get(pk=old.pk).state) == (
        True,
        session["id"],
        "canceled",
    )


def test_a_page_that_was_made_is_kept_when_its_parameters_have_changed_since(
    stripe_api: StandIn, settings: Any
) -> None:
    """C5, C43: the answer was lost, and the shop has another address now: the key fits no more, and Stripe's list tells."""
    made = lost(60)
    settings.SITE_URL = "https://fotos.example.test"
    found = link_payments.start(made.link_id, "", "pt")
    (session,) = stripe_api.objects("checkout.session")
    assert (found.pk, found.session_id, found.state) == (made.pk, session["id"], "pending")


def test_what_stripe_refuses_at_the_first_asking_is_said(stripe_api: StandIn) -> None:
    """C44: nothing is looked for: it was never made."""
    made = link()
    PaymentLink.objects.update(currency="XXX")
    with pytest.raises(PaymentRefused):
        link_payments.start(made.pk, "", "pt")
    assert made.payments.get().state == "canceled"
    assert [call["method"] for call in stripe_api.calls("/v1/checkout/sessions")] == ["POST"]


@pytest.mark.parametrize(("minutes", "lasts"), [(1, False), (3, True)])
def test_a_links_page_with_two_minutes_left_is_of_no_more_use(minutes: int, lasts: bool) -> None:
    """C4."""
    payment = LinkPayment(expires_at=timezone.now() + datetime.timedelta(minutes=minutes))
    assert at_stripe_links.lasting(payment) is lasts


@pytest.mark.parametrize("language", ["pt", "en"])
def test_a_links_page_speaks_its_visitors_language(stripe_api: StandIn, language: str) -> None:
    payment = link_payments.start(link().pk, "", language)
    assert at_stripe_links.params(payment)["locale"] == language
