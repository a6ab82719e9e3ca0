"""A payment from the click to the refund through the shop's own services, at whichever Stripe the settings name.

Stripe's hosted page cannot be paid on by API: its Session is made, compared and closed. Paid is the Payment Element's
Intent, confirmed with Stripe's test payment methods as Stripe.js does it (https://docs.stripe.com/testing).
"""

import time
from typing import Any

import pytest
import stripe
from django.conf import settings

from local.fixtures import wait_until
from orders import catalogue, drafts
from orders.drafts import Draft
from orders.models import Order
from orders.tests import visitors
from payments import expiry, gateway, refunds, returning
from payments.checkout import CheckoutStarted, start_checkout
from payments.models import PaymentAttempt, Refund
from payments.tests.stand_in import deliver
from payments.tests.test_confirmation import fulfilled, planned
from uploads import stash

EMAIL = "maria@example.com"  # one that Stripe takes for an address
EVENT_SECONDS = 60  # Stripe lists an event a moment after it happened


def client() -> stripe.StripeClient:
    """The SDK beside the shop's gateway: what the shop says of Stripe is compared with what Stripe says."""
    base = settings.STRIPE_API_BASE
    return stripe.StripeClient(settings.STRIPE_SECRET_KEY, base_addresses={"api": base} if base else {})


def posted() -> Draft:
    """Two prints sent to Lisbon."""
    catalogue.install_default_catalogue()
    draft = drafts.create(language="pt")
    drafts.set_items(draft, [visitors.row(visitors.photo(draft), 2)])
    return drafts.set_delivery(draft, visitors.POST | {"email": EMAIL})


def start(draft: Draft, method: str) -> CheckoutStarted:
    return start_checkout(draft, method, language="pt", terms=True)


def hosted_page() -> None:
    """C1–C6: the Session is what the shop asked for; the same one when asked again; closed when the draft changes."""
    draft = posted()
    first, again = start(draft, "checkout"), start(draft, "checkout")
    attempt = PaymentAttempt.objects.get(order=first.order)
    session: Any = client().v1.checkout.sessions.retrieve(str(attempt.session_id), {"expand": ["line_items"]})
    order = first.order
    assert again.url == first.url == session.url
    assert (session.status, session.payment_status, session.mode) == ("open", "unpaid", "payment")
    assert (session.amount_total, session.currency, session.livemode) == (order.total_cents, "eur", False)
    assert sum(line.amount_total for line in session.line_items.data) == order.total_cents
    assert (session.client_reference_id, session.customer_email, session.locale) == (order.number, EMAIL, "pt")
    assert (session.metadata["order"], session.metadata["attempt"]) == (order.number, attempt.public_id)
    assert attempt.expires_at is not None
    assert session.expires_at == int(attempt.expires_at.timestamp())
    (photo,) = stash.photos(draft.id)
    drafts.set_items(draft, [visitors.row(photo, 3)])
    expiry.expire_attempts(draft.id)
    assert gateway.retrieve_session(str(attempt.session_id)).status == "expired"
    order.refresh_from_db()
    attempt.refresh_from_db()
    assert (attempt.state, order.state) == ("canceled", "expired")


def confirm(intent_id: str, payment_method: str) -> Any:
    """What Stripe.js does when the customer presses "pay"."""
    back = f"{settings.SITE_URL}/checkout/return/"
    return client().v1.payment_intents.confirm(intent_id, {"payment_method": payment_method, "return_url": back})


def declined_then_paid() -> PaymentAttempt:
    """C8–C10, C24: a declined card leaves the order open; the next one pays it, by the event that Stripe lists, once."""
    since = int(time.time()) - 300
    started = start(posted(), "elements")
    attempt = PaymentAttempt.objects.get(order=started.order)
    intent_id, order = str(attempt.intent_id), started.order
    intent: Any = client().v1.payment_intents.retrieve(intent_id)
    assert (intent.amount, intent.currency, intent.livemode) == (order.total_cents, "eur", False)
    assert (intent.client_secret, intent.shipping.address.city) == (started.client_secret, "Lisboa")
    with pytest.raises(stripe.CardError):
        confirm(intent_id, "pm_card_chargeDeclined")
    assert returning.confirm_return(intent_id, {order.draft_id}).outcome == "unpaid"
    order.refresh_from_db()
    assert (order.state, order.name, fulfilled(order)) == ("pending", "", [])
    assert confirm(intent_id, "pm_card_visa").status == "succeeded"
    deliver([wait_until(lambda: succeeded(intent_id, since), seconds=EVENT_SECONDS, what="the payment's event")])
    assert returning.confirm_return(intent_id, {order.draft_id}).outcome == "paid"
    order.refresh_from_db()
    attempt.refresh_from_db()
    assert (order.state, order.payment_state, order.email) == ("paid", "paid", EMAIL)
    assert (attempt.state, attempt.received_cents) == ("confirmed", order.total_cents)
    assert attempt.charge_id == client().v1.payment_intents.retrieve(intent_id).latest_charge
    assert fulfilled(order) == planned(order)
    return attempt


def succeeded(intent_id: str, since: int) -> dict[str, Any] | None:
    """The event of the payment, as Stripe's list has it and its webhook brings it."""
    for event in gateway.events(undelivered=False, created_from=since):
        if event.body["type"] == "payment_intent.succeeded" and event.body["data"]["object"]["id"] == intent_id:
            return dict(event.body)
    return None


def refunded(attempt: PaymentAttempt) -> None:
    """C32–C36: a part, the same again by its key, then the rest; Stripe has the two, and the books agree."""
    part = refunds.refund(attempt.pk, 30, reason="one print less", key=f"part-{attempt.public_id}")
    same = refunds.refund(attempt.pk, 30, reason="one print less", key=f"part-{attempt.public_id}")
    assert (part.pk, part.state) == (same.pk, Refund.State.SUCCEEDED)
    order = Order.objects.get(pk=attempt.order_id)
    assert order.payment_state == "partly_refunded"
    rest = refunds.refund(attempt.pk, reason="all of it")
    order.refresh_from_db()
    assert (rest.state, rest.amount_cents, order.payment_state) == ("succeeded", order.total_cents - 30, "refunded")
    at_stripe = {found.id: found.amount_cents for found in gateway.refunds_of(str(attempt.intent_id))}
    assert at_stripe == {part.provider_id: 30, rest.provider_id: order.total_cents - 30}
