"""What becomes of events that Stripe's API knows nothing of, and what is counted of each: C22, C24."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from orders.models import Order
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage
from payments import inbox, metrics, replaying
from payments.models import PaymentAttempt, Refund, WebhookEvent
from payments.tests.stand_in import StandIn, due_now, event, post_event
from payments.tests.test_confirmation import attempt as start

pytestmark = pytest.mark.django_db(transaction=True)
COMPLETED = "checkout.session.completed"


def known() -> PaymentAttempt:
    """A payment of ours whose objects Stripe says it does not have: another account's key was put in."""
    return PaymentAttempt.objects.create(
        order=OrderFactory(), method="checkout", amount_cents=70, session_id="cs_test_ours", intent_id="pi_ours",
        state="confirmed", confirmed_at=timezone.now(), received_cents=70, charge_id="ch_ours",
    )  # fmt: skip


def tried(times: int) -> None:
    for _turn in range(times):
        due_now()
        inbox.drain()


def counted(kind: str, outcome: str) -> float:
    return float(metrics.WEBHOOK_EVENTS.labels(kind, outcome)._value.get())


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (COMPLETED, {"id": "cs_test_ours"}),
        ("payment_intent.canceled", {"id": "pi_ours"}),
        ("refund.updated", {"id": "re_unknown", "payment_intent": "pi_ours"}),
        ("charge.dispute.created", {"id": "dp_unknown", "charge": "ch_ours"}),
        ("refund.failed", {"id": "re_ours"}),
        (COMPLETED, {"id": "cs_test_never_stored", "metadata": {"attempt": "PUBLIC"}}),
        (COMPLETED, {"id": "cs_test_never_stored", "metadata": {"order": "NUMBER"}}),
    ],
)
def test_an_event_about_our_money_that_stripe_does_not_know_ends_as_a_dead_letter(
    stripe_api: StandIn, kind: str, found: dict[str, Any]
) -> None:
    """C22: never forgotten, for the owner to see; and it can be replayed."""
    attempt = known()
    Refund.objects.create(attempt=attempt, amount_cents=10, provider_id="re_ours", state="pending")
    names = {"PUBLIC": attempt.public_id, "NUMBER": attempt.order.number}
    metadata = {key: names[value] for key, value in found.get("metadata", {}).items()}
    assert post_event(event(kind, data={"object": found | {"metadata": metadata}})) == 200
    tried(inbox.MAX_ATTEMPTS + 1)
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts) == ("dead", inbox.MAX_ATTEMPTS)
    assert "NotFound" in row.last_error


def test_events_that_were_looked_up_in_vain_are_replayed_by_time_and_those_never_meant_for_us_not(
    stripe_api: StandIn,
) -> None:
    """C22: at the time it was somebody else's; then the right key came back."""
    assert post_event(event(number=1)) == 200
    assert post_event(event("invoice.paid", number=2)) == 200
    assert post_event(event(number=3, livemode=True)) == 200
    tried(3)
    assert list(WebhookEvent.objects.order_by("pk").values_list("state", "attempts")) == [
        ("ignored", 3),
        ("ignored", 0),
        ("ignored", 0),
    ]
    assert replaying.since(timezone.now() - datetime.timedelta(hours=1)) == 1
    assert list(WebhookEvent.objects.filter(state="received").values_list("event_id", flat=True)) == ["evt_test_1"]


@pytest.mark.parametrize(
    ("given", "label", "outcome", "state"),
    [
        (event(), COMPLETED, "stored", "received"),
        (event(livemode=True), COMPLETED, "other_mode", "ignored"),
        (event("invoice.paid"), "other", "unknown_type", "ignored"),
    ],
)
def test_each_event_is_counted_by_what_became_of_it(given: Any, label: str, outcome: str, state: str) -> None:
    """C24: an endpoint of the wrong mode, or with wrong events, shows in the metrics."""
    outcomes = ("stored", "other_mode", "unknown_type", "duplicate")
    before = {name: counted(label, name) for name in outcomes}
    assert (post_event(given), post_event(given)) == (200, 200)
    after = {name: counted(label, name) - before[name] for name in outcomes}
    assert after == dict.fromkeys(outcomes, 0) | {outcome: 1, "duplicate": 1}
    assert WebhookEvent.objects.get().state == state


@pytest.mark.parametrize("end", ["created", "updated", "deleted"])
def test_subscriptions_are_counted_and_change_nothing(stripe_api: StandIn, end: str) -> None:
    """C24: known, without an effect of its own, also where it names an order."""
    kind = f"customer.subscription.{end}"
    order = OrderFactory()
    before = (counted(kind, "stored"), counted(kind, "ignored"))
    named = {"id": "sub_1", "object": "subscription", "metadata": {"order": order.number}}
    assert post_event(event(kind, data={"object": named})) == 200
    inbox.drain()
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts, row.last_error) == ("ignored", 1, "")
    assert (counted(kind, "stored"), counted(kind, "ignored")) == (before[0] + 1, before[1] + 1)
    assert (Order.objects.get().state, OutboxMessage.objects.count(), stripe_api.calls()) == (order.state, 0, [])


@pytest.mark.parametrize(("kind", "livemode"), [("invoice.paid", False), (COMPLETED, True)])
def test_what_was_never_meant_for_us_changes_nothing_when_it_is_replayed_either(
    stripe_api: StandIn, kind: str, livemode: bool
) -> None:
    """C22, C24: an event of an unknown type, or of the other mode about a Session that is paid, put back to work by hand."""
    paid = start()
    stripe_api.pay(str(paid.session_id))
    found: dict[str, Any] = {"id": paid.session_id, "object": "checkout.session", "metadata": {}}
    assert post_event(event(kind, livemode=livemode, data={"object": found})) == 200
    assert [outcome for _id, outcome in replaying.by_id(["evt_test_1"])] == ["again"]
    tried(2)
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts, row.last_error) == ("ignored", 1, "")
    paid.refresh_from_db()
    assert (paid.state, paid.order.state) == ("pending", "pending")


def test_a_charge_without_an_intent_is_not_the_shops(stripe_api: StandIn) -> None:
    """C24: one made by the old Charges API, of some other program: Stripe is not even asked."""
    start()
    asked = len(stripe_api.calls())
    charge = {"id": "ch_1", "object": "charge", "payment_intent": None, "amount_refunded": 70}
    assert post_event(event("charge.refunded", data={"object": charge})) == 200
    tried(1)
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts, len(stripe_api.calls())) == ("ignored", 1, asked)
