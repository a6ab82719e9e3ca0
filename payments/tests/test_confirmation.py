"""What came of a payment, by webhook and success page: C3, C7–C11, C17–C19, C22, C24, C26–C28, C49."""

import itertools
from typing import Any

import pytest
from django.test import Client
from django_redis import get_redis_connection

from orders import drafts, snapshots
from orders import services as order_services
from orders.email_context import Recipient, recipient
from orders.models import Order, OrderEvent
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import confirmation, inbox, purchases, returning
from payments.checkout import start_checkout
from payments.models import PaymentAttempt, Refund, WebhookEvent
from payments.tests.stand_in import DECLINED, StandIn, deliver, due_now, event, post_event
from payments.tests.test_checkout import posted
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def attempt(draft: drafts.Draft | None = None) -> PaymentAttempt:
    """An order at Stripe's page."""
    return start_checkout(draft or visitors.complete(), language="pt", terms=True).order.attempts.get()


def fulfilled(order: Order) -> list[str]:
    """Keys of the work planned for a paid order; what payments plan beside it is not looked at."""
    rows = OutboxMessage.objects.filter(payload__order_id=order.pk, task__startswith="orders.").exclude(
        key__contains=":awaiting"
    )
    return sorted(row.key for row in rows)


def planned(order: Order) -> list[str]:
    number = order.number
    return [f"email-customer:{number}:confirmed", f"email-owner:{number}", f"store:{number}"]


def test_a_paid_order_is_fulfilled_by_the_webhook_alone(stripe_api: StandIn) -> None:
    """C8: the customer never comes back."""
    paid = attempt()
    stripe_api.pay(str(paid.session_id))
    deliver(stripe_api.objects("event"))
    paid.refresh_from_db()
    order = paid.order
    assert (paid.state, paid.received_cents, order.state, order.payment_state) == ("confirmed", 70, "paid", "paid")
    assert (order.name, order.email) == ("Maria João Ângelo", "maria@example.test")
    assert fulfilled(order) == planned(order)
    assert paid.intent_id == stripe_api.objects("payment_intent")[0]["id"]
    assert paid.charge_id == stripe_api.objects("charge")[0]["id"]


def test_the_event_is_only_a_trigger(stripe_api: StandIn) -> None:
    """C10, DESIGN §4: a signed event that says "paid" about a Session that is not changes nothing."""
    unpaid = attempt()
    lie = {"id": unpaid.session_id, "object": "checkout.session", "payment_status": "paid", "status": "complete"}
    deliver([event(data={"object": lie})])
    unpaid.refresh_from_db()
    assert (unpaid.state, unpaid.order.state, fulfilled(unpaid.order)) == ("pending", "pending", [])


@pytest.mark.race
def test_webhook_and_success_page_twenty_times_at_once_give_one_set(stripe_api: StandIn) -> None:
    """C9: one confirmation, one set of rows."""
    paid = attempt()
    session_id, draft_id = str(paid.session_id), paid.order.draft_id
    stripe_api.pay(session_id)
    turns = itertools.count()

    def arrive() -> Any:
        if next(turns) % 2:
            return returning.confirm_return(session_id, {draft_id}).outcome
        return confirmation.settle_session(session_id)

    results = together(20, arrive)
    assert not [result for result in results if isinstance(result, Exception)]
    assert OrderEvent.objects.filter(order=paid.order, kind="paid").count() == 1
    assert paid.events.filter(kind="confirmed").count() == 1
    assert fulfilled(paid.order) == planned(paid.order)


@pytest.mark.race
def test_without_the_lock_two_confirmations_would_be_written(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C9: what the lock is for. Two transactions that read before either writes confirm twice."""
    paid = attempt()
    stripe_api.pay(str(paid.session_id))

    def unlocked(attempt_id: int) -> tuple[Order, PaymentAttempt]:
        found = PaymentAttempt.objects.select_related("order").get(pk=attempt_id)
        import time

        time.sleep(0.5)
        return found.order, found

    with monkeypatch.context() as patched:
        patched.setattr(purchases, "lock", unlocked)
        together(2, lambda: confirmation.settle_session(str(paid.session_id)))
    assert paid.events.filter(kind="confirmed").count() == 2


def test_every_order_of_a_payments_events_ends_the_same(stripe_api: StandIn) -> None:
    """C18: all permutations of what a card payment sends."""
    kinds = ("checkout.session.completed", "payment_intent.succeeded", "charge.succeeded")
    for number, order_of_arrival in enumerate(itertools.permutations(kinds)):
        paid = attempt(visitors.complete(f"{number}.jpg"))
        before = {row["id"] for row in stripe_api.objects("event")}
        stripe_api.pay(str(paid.session_id))
        new = {row["type"]: row for row in stripe_api.objects("event") if row["id"] not in before}
        deliver([new[kind] for kind in order_of_arrival])
        paid.refresh_from_db()
        assert (paid.state, paid.order.state) == ("confirmed", "paid"), order_of_arrival
        assert fulfilled(paid.order) == planned(paid.order)


def test_a_session_whose_id_was_never_stored_is_found_by_its_metadata(stripe_api: StandIn) -> None:
    """C3, C41: the process died after Stripe had answered, and the customer had the page."""
    paid = attempt()
    session_id = str(paid.session_id)
    PaymentAttempt.objects.update(session_id=None, url="", state="created")
    stripe_api.pay(session_id)
    deliver([row for row in stripe_api.objects("event") if row["type"] == "checkout.session.completed"])
    paid.refresh_from_db()
    assert (paid.state, paid.session_id, paid.order.state) == ("confirmed", session_id, "paid")


def test_an_event_about_an_order_that_is_not_visible_yet_is_tried_again(stripe_api: StandIn) -> None:
    """C19: stored, not acknowledged and lost; done as soon as the row is there."""
    paid = attempt()
    public_id = paid.public_id
    stripe_api.pay(str(paid.session_id))
    PaymentAttempt.objects.update(public_id="pay_elsewhere", session_id=None)
    deliver([row for row in stripe_api.objects("event") if row["type"] == "checkout.session.completed"])
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts) == ("received", 1)
    assert "NotVisibleYet" in row.last_error
    PaymentAttempt.objects.update(public_id=public_id)
    due_now()
    inbox.drain()
    row.refresh_from_db()
    paid.refresh_from_db()
    assert (row.state, paid.state) == ("processed", "confirmed")


@pytest.mark.parametrize(("column", "value"), [("total_cents", 71), ("currency", "USD")])
def test_another_sum_or_currency_goes_to_review(stripe_api: StandIn, column: str, value: Any) -> None:
    """C10: confirmed as received, the order in review, nothing fulfilled, the owner told, the photos kept."""
    paid = attempt()
    if column == "total_cents":
        Order.objects.update(total_cents=value, items_cents=value)
    else:
        Order.objects.update(currency=value)
    stripe_api.pay(str(paid.session_id))
    deliver(stripe_api.objects("event"))
    paid.refresh_from_db()
    assert (paid.state, paid.received_cents) == ("confirmed", 70)
    assert (paid.order.state, paid.order.payment_state, paid.order.paid_at, paid.order.email) == (
        "pending",
        "review",
        None,
        "",
    )
    assert list(OutboxMessage.objects.values_list("key", flat=True)) == [f"email-owner:{paid.public_id}:review"]
    assert snapshots.load(paid.order.number) is not None


def test_a_forged_foreign_or_unpaid_session_marks_nothing_paid(stripe_api: StandIn) -> None:
    """C7, C62: the success page's address is no proof."""
    unpaid = attempt()
    draft_id = unpaid.order.draft_id
    for session_id, whose in (
        ("cs_test_forged", draft_id),
        ("../../v1/refunds", draft_id),
        ("", draft_id),
        (str(unpaid.session_id), "another-draft"),
    ):
        assert returning.confirm_return(session_id, {whose}).outcome == "unknown"
    assert returning.confirm_return(str(unpaid.session_id), {draft_id}).outcome == "unpaid"
    unpaid.refresh_from_db()
    assert (unpaid.state, unpaid.order.state, fulfilled(unpaid.order)) == ("pending", "pending", [])


def test_a_declined_card_leaves_the_page_open(stripe_api: StandIn) -> None:
    unpaid = attempt()
    stripe_api.pay(str(unpaid.session_id), card=DECLINED)
    deliver(stripe_api.objects("event"))
    unpaid.refresh_from_db()
    assert (unpaid.state, unpaid.order.state, fulfilled(unpaid.order)) == ("pending", "pending", [])
    stripe_api.pay(str(unpaid.session_id))
    assert returning.confirm_return(str(unpaid.session_id), {unpaid.order.draft_id}).outcome == "paid"


def test_a_session_that_ended_unpaid_expires_the_order(stripe_api: StandIn) -> None:
    unpaid = attempt()
    stripe_api.expire(str(unpaid.session_id))
    deliver(stripe_api.objects("event"))
    unpaid.refresh_from_db()
    assert (unpaid.state, unpaid.order.state, unpaid.order.email) == ("canceled", "expired", "")
    draft = drafts.get(unpaid.order.draft_id)
    assert draft is not None
    assert start_checkout(draft, language="pt", terms=True).order.pk != unpaid.order_id


def test_redis_emptied_between_checkout_and_payment(stripe_api: StandIn) -> None:
    """C49: the order exists, with the address that Stripe carries, and asks for the photos."""
    paid = attempt(posted(visitors.complete()))
    get_redis_connection("default").flushdb()
    stripe_api.pay(str(paid.session_id))
    deliver(stripe_api.objects("event"))
    order = Order.objects.get()
    assert (order.state, order.payment_state, order.address_flagged) == ("needs_photos", "paid", True)
    kept = (order.name, order.email, order.phone, order.street, order.extra, order.postal_code, order.city, order.nif)
    assert kept == (
        "Maria João Ângelo",
        "maria@example.test",
        "+351912345678",
        "Rua Augusta 100",
        "3.º Esq.",
        "1100-053",
        "Lisboa",
        "123456789",
    )
    assert (order.note, order.language) == ("Tocar duas vezes", "pt")
    assert [row.payload["kind"] for row in OutboxMessage.objects.filter(task="orders.email_customer")] == [
        "needs_photos"
    ]


def test_a_voucher_waits_and_is_fulfilled_when_paid(stripe_api: StandIn) -> None:
    """C26, C27, C29: `completed` was handled before, and `async_payment_succeeded` fulfils."""
    waiting = attempt()
    stripe_api.pay(str(waiting.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.order.state, waiting.order.payment_state) == ("pending", "pending", "awaiting")
    assert fulfilled(waiting.order) == []
    assert waiting.voucher is not None
    assert (len(waiting.voucher["entity"]), len(waiting.voucher["reference"].replace(" ", ""))) == (5, 9)
    assert waiting.voucher["amount_cents"] == 70
    known = {row["id"] for row in stripe_api.objects("event")}
    stripe_api.answer_intent(str(waiting.intent_id), "complete")
    deliver([row for row in stripe_api.objects("event") if row["id"] not in known])
    waiting.refresh_from_db()
    assert (waiting.state, waiting.order.state, waiting.order.payment_state) == ("confirmed", "paid", "paid")
    assert fulfilled(waiting.order) == planned(waiting.order)


def test_redis_emptied_before_the_voucher_still_lets_it_be_mailed(stripe_api: StandIn) -> None:
    """C29, C49: the address comes from Stripe, goes to Redis, and PostgreSQL learns nothing of it before the money is there."""
    waiting = attempt(posted(visitors.complete()))
    get_redis_connection("default").flushdb()
    stripe_api.pay(str(waiting.session_id), method="multibanco")
    confirmation.settle_session(str(waiting.session_id))
    order = Order.objects.get()
    assert (order.payment_state, order.email, order.name) == ("awaiting", "", "")
    assert recipient(order) == Recipient("maria@example.test", "Maria João Ângelo")
    waiting.refresh_from_db()
    stripe_api.answer_intent(str(waiting.intent_id), "complete")
    confirmation.settle_session(str(waiting.session_id))
    order.refresh_from_db()
    assert (order.state, order.email, order.address_flagged) == ("needs_photos", "maria@example.test", True)


def test_a_voucher_that_expired_can_be_tried_again_with_the_same_photos(stripe_api: StandIn) -> None:
    """C28."""
    waiting = attempt()
    stripe_api.pay(str(waiting.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    waiting.refresh_from_db()
    stripe_api.answer_intent(str(waiting.intent_id), "fail")
    confirmation.settle_session(str(waiting.session_id))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.order.state, waiting.order.payment_state) == ("failed", "pending", "unpaid")
    assert OutboxMessage.objects.filter(payload__kind=f"failed:{waiting.pk}").count() == 1
    draft = drafts.get(waiting.order.draft_id)
    assert draft is not None
    again = start_checkout(draft, language="pt", terms=True)
    assert again.order.pk == waiting.order_id
    assert again.order.attempts.count() == 2


def test_a_payment_for_an_expired_order_revives_it(stripe_api: StandIn) -> None:
    """C11: it goes on as any paid one, and what was planned is planned once."""
    late = attempt()
    stripe_api.pay(str(late.session_id))
    order_services.expire(late.order)
    PaymentAttempt.objects.update(state="canceled")
    for _again in range(2):
        confirmation.settle_session(str(late.session_id))
    late.refresh_from_db()
    assert (late.state, late.order.state, late.order.payment_state) == ("confirmed", "paid", "paid")
    assert (late.order.email, fulfilled(late.order)) == ("maria@example.test", planned(late.order))
    assert late.events.filter(kind="confirmed").count() == 1


def test_a_payment_for_a_cancelled_order_goes_back(stripe_api: StandIn) -> None:
    """C11: whole, once, and nothing is fulfilled."""
    from payments.tasks import give_back

    late = attempt()
    stripe_api.pay(str(late.session_id))
    order_services.cancel(late.order)
    confirmation.settle_session(str(late.session_id))
    message = OutboxMessage.objects.get(task="payments.give_back")
    give_back(message.pk)
    late.refresh_from_db()
    assert (late.refunded_cents, late.order.state, late.order.payment_state) == (70, "cancelled", "refunded")
    assert [refund.state for refund in Refund.objects.all()] == ["succeeded"]
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [70]
    written = f"email-customer:{late.order.number}"
    assert fulfilled(late.order) == [
        f"{written}:cancelled_unpaid",
        f"{written}:refunded:{Refund.objects.get().public_id}",
    ]


def test_an_event_about_money_of_others_is_ignored(stripe_api: StandIn) -> None:
    """C24: a payment made by hand in the same Stripe account."""
    assert post_event(event("checkout.session.completed", data={"object": {"id": "cs_test_other"}})) == 200
    for _turn in range(3):
        due_now()
        inbox.drain()
    assert WebhookEvent.objects.get().state == "ignored"


def test_the_return_page_shows_the_order_and_starts_a_new_draft(stripe_api: StandIn) -> None:
    """C8, S8: the session gets a new key; a reload of the page still finds the order."""
    client = Client()
    draft = visitors.complete()
    client.get("/api/v1/drafts/current/")
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    paid = attempt(draft)
    session_id = str(paid.session_id)
    stripe_api.pay(session_id)
    before = client.cookies["sessionid"].value
    answer = client.get("/checkout/return/", {"session_id": session_id})
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, f"/orders/{paid.order.number}/")
    assert client.cookies["sessionid"].value != before
    assert client.session[drafts.SESSION_KEY] != draft.id
    again = client.get("/checkout/return/", {"session_id": session_id})
    assert again["Location"] == answer["Location"]
    assert Client().get("/checkout/return/", {"session_id": session_id}).status_code == 404
