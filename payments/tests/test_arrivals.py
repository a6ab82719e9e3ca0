"""C18 over the wire: one payment's events, signed, to the real endpoint, worked off by the real worker."""

import io
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from PIL import Image

from local.fixtures import LiveShop
from orders import drafts
from orders.models import Order, OrderEvent
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments.checkout import start_checkout
from payments.models import PaymentAttempt, WebhookEvent
from payments.tests.stand_in import Json, StandIn, signature
from payments.tests.test_confirmation import fulfilled, planned
from uploads import stash

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

# What Stripe sends about one payment. Of a voucher's six only the four with an effect: 24 orders, not 720.
CARD = ("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed")
VOUCHER = (
    "payment_intent.requires_action",
    "checkout.session.completed",
    "payment_intent.succeeded",
    "checkout.session.async_payment_succeeded",
)


def at_stripes_page(number: int) -> PaymentAttempt:
    """An order of one small photo that the worker can really store and print."""
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (number * 5 % 256, 90, 120)).save(file, "JPEG", comment=b"%d" % number)
    draft = drafts.create(language="pt")
    with stash.open_writer(draft.id) as writer:
        writer.write(file.getvalue())
        made = writer.commit(filename=f"{number}.jpg", content_type="image/jpeg", width=300, height=200)
    stash.mark_ready(draft.id, made.id, width=300, height=200)
    photo = stash.get(draft.id, made.id)
    assert photo is not None
    drafts.set_items(draft, [visitors.row(photo, 2)])
    draft = drafts.set_delivery(draft, visitors.PICKUP)
    return start_checkout(draft, language="pt", terms=True).order.attempts.get()


def pay(stripe_api: StandIn, attempt: PaymentAttempt, how: str) -> str:
    """Pays, as the method needs it; the intent's id. No event is sent."""
    given = {"method": "multibanco"} if how == "multibanco" else {}
    intent_id = str(stripe_api.pay(str(attempt.session_id), **given)["payment_intent"]["id"])
    if how == "multibanco":
        stripe_api.answer_intent(intent_id, "complete")
    return intent_id


def events_of(stripe_api: StandIn, intent_ids: list[str]) -> list[dict[str, Json]]:
    """Each payment's events by type."""
    found: dict[str, dict[str, Json]] = {intent_id: {} for intent_id in intent_ids}
    for event in stripe_api.objects("event"):
        about = event["data"]["object"]
        intent_id = about["id"] if about["object"] == "payment_intent" else about["payment_intent"]
        found[intent_id][event["type"]] = event
    return list(found.values())


def send(shop: LiveShop, event: Json) -> None:
    body = json.dumps(event).encode()
    headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
    assert requests.post(f"{shop.url}/webhooks/stripe/", data=body, headers=headers, timeout=20).status_code == 200


def ended(attempt: PaymentAttempt) -> tuple[object, ...]:
    """All that the events decide."""
    attempt = PaymentAttempt.objects.select_related("order").get(pk=attempt.pk)
    order: Order = attempt.order
    work = [key.replace(order.number, "PO") for key in fulfilled(order) if key in planned(order)]
    once = OrderEvent.objects.filter(order=order, kind="paid").count()
    confirmed = attempt.events.filter(kind="confirmed").count()
    paid = order.paid_at is not None and order.state == "paid"
    return (attempt.state, attempt.received_cents, paid, order.payment_state, order.email, once, confirmed, tuple(work))


@pytest.mark.parametrize(("how", "kinds"), [("card", CARD), ("multibanco", VOUCHER)])
def test_every_order_of_arrival_at_the_endpoint_ends_the_same(
    live_shop: LiveShop, wait_until: Callable[..., Any], how: str, kinds: tuple[str, ...]
) -> None:
    """C17, C18: all 24 orders of four events; each event is worked off before the next arrives, and all come once more."""
    stripe_api = StandIn(live_shop.sandbox.url)
    stripe_api.faults(webhook_drop=True)
    turns = list(itertools.permutations(kinds))
    attempts = [at_stripes_page(number) for number in range(len(turns))]
    events = events_of(stripe_api, [pay(stripe_api, attempt, how) for attempt in attempts])

    def worked_off() -> bool:
        return not WebhookEvent.objects.filter(state="received").exists()

    for place in range(len(kinds)):
        for turn, sent in zip(turns, events, strict=True):
            send(live_shop, sent[turn[place]])
        wait_until(worked_off, seconds=30, what="the inbox")
    wanted = ("confirmed", 70, True, "paid", "maria@example.test", 1, 1)
    work = ("email-customer:PO:confirmed", "email-owner:PO", "store:PO")
    assert {turn: ended(attempt) for turn, attempt in zip(turns, attempts, strict=True)} == dict.fromkeys(
        turns, (*wanted, work)
    )
    for sent in events:
        for kind in kinds:
            send(live_shop, sent[kind])
    wait_until(worked_off, seconds=30, what="the inbox")
    assert {ended(attempt) for attempt in attempts} == {(*wanted, work)}
    assert WebhookEvent.objects.count() == len(turns) * len(kinds)
    assert not OutboxMessage.objects.filter(task="payments.give_back").exists()
    wait_until(stored, seconds=60, what="the photos")


def stored() -> bool:
    return not Order.objects.filter(stored_at=None).exists()
