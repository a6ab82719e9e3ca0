"""Money that comes late, twice or in another sum, and events that Stripe could not deliver: C10, C11, C23, C39."""

import datetime

import pytest
from django.utils import timezone

from orders import drafts, services
from orders.drafts import Draft
from orders.models import Order
from orders.services import InvalidTransition
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import confirmation, inbox, refunds, replaying, review, tasks
from payments.checkout import start_checkout
from payments.models import PaymentAttempt, WebhookEvent
from payments.problems import PaymentInReview
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_confirmation import attempt as start
from payments.tests.test_confirmation import fulfilled, planned
from uploads import stash

pytestmark = pytest.mark.django_db(transaction=True)


def give_back() -> None:
    for message in OutboxMessage.objects.filter(task="payments.give_back"):
        tasks.give_back(message.pk)


def changed(draft: Draft) -> Draft:
    (photo,) = stash.photos(draft.id)
    return drafts.set_items(draft, [visitors.row(photo, 5)])


def test_events_that_could_not_be_delivered_are_fetched_and_processed(stripe_api: StandIn) -> None:
    """C23: the endpoint was away; a second fetch finds all known, and changes nothing."""
    attempt = start()
    stripe_api.pay(str(attempt.session_id))
    since = timezone.now() - datetime.timedelta(hours=1)
    assert WebhookEvent.objects.count() == 0
    taken = dict(replaying.undelivered(since))
    assert set(taken.values()) == {"fetched"}
    assert len(taken) >= 3
    (asked,) = stripe_api.calls("/v1/events")
    assert asked["params"] == {
        "created": {"gte": str(int(since.timestamp()))},
        "delivery_success": "false",
        "limit": "100",
    }
    inbox.drain()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state) == ("confirmed", "paid")
    assert fulfilled(attempt.order) == planned(attempt.order)
    assert set(dict(replaying.undelivered(since)).values()) == {"known"}
    assert attempt.events.filter(kind="confirmed").count() == 1


def test_the_owner_accepts_a_sum_in_review_once(stripe_api: StandIn) -> None:
    """C10: fulfilled for what arrived; the order counts as paid."""
    attempt = start()
    Order.objects.update(total_cents=71, items_cents=71)
    stripe_api.pay(str(attempt.session_id))
    deliver(stripe_api.objects("event"))
    order = Order.objects.get()
    assert (order.payment_state, order.paid_at, fulfilled(order)) == ("review", None, [])
    review.accept(attempt.pk, why="one cent")
    order.refresh_from_db()
    assert (order.state, order.payment_state, order.email) == ("paid", "paid", "maria@example.test")
    assert fulfilled(order) == planned(order)
    assert attempt.events.filter(kind="accepted", why="one cent").count() == 1
    with pytest.raises(InvalidTransition):
        review.accept(attempt.pk)
    assert fulfilled(order) == planned(order)


def test_an_order_with_two_charges_stays_paid_when_one_goes_back(stripe_api: StandIn) -> None:
    """C39, C11: the customer paid in two tabs; the second sum is refunded by itself."""
    draft = visitors.complete()
    first = start(draft)
    PaymentAttempt.objects.update(state="canceled")  # here it was given up, at Stripe its page is still open
    second = PaymentAttempt.objects.exclude(pk=first.pk).get(pk=_again(draft))
    for one in (first, second):
        stripe_api.pay(str(one.session_id))
        confirmation.settle_session(str(one.session_id))
    give_back()
    order = Order.objects.get()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.refunded_cents, second.refunded_cents) == (0, 70)
    assert (order.state, order.payment_state) == ("paid", "paid")
    assert [row["amount"] for row in stripe_api.objects("refund")] == [70]
    assert [key for key in fulfilled(order) if ":refunded:" not in key] == planned(order)


def _again(draft: Draft) -> int:
    from payments.checkout import start_checkout

    order = start_checkout(draft, language="pt", terms=True).order
    return order.attempts.get(state="pending").pk


def test_an_expired_order_that_was_replaced_by_a_paid_one_is_refunded(stripe_api: StandIn) -> None:
    """C11: its customer changed the prints and paid for those."""
    draft = visitors.complete()
    old = start(draft)
    new = PaymentAttempt.objects.get(pk=_again(changed(draft)))
    services.expire(old.order)
    PaymentAttempt.objects.filter(pk=old.pk).update(state="canceled")
    stripe_api.pay(str(new.session_id))
    confirmation.settle_session(str(new.session_id))
    stripe_api.pay(str(old.session_id))
    confirmation.settle_session(str(old.session_id))
    give_back()
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.order.state, old.order.payment_state, old.refunded_cents) == ("expired", "refunded", 70)
    assert (new.order.state, new.order.payment_state, new.refunded_cents) == ("paid", "paid", 0)
    assert fulfilled(old.order) == []


def in_review(stripe_api: StandIn, draft: Draft) -> tuple[PaymentAttempt, PaymentAttempt]:
    """An order of 70 cents with two pages open: for the first another sum came, the second is still to be paid."""
    first = start(draft)
    PaymentAttempt.objects.update(state="canceled", amount_cents=69)  # here it was given up, at Stripe its page is open
    second = PaymentAttempt.objects.get(pk=_again(draft))
    stripe_api.pay(str(first.session_id))
    confirmation.settle_session(str(first.session_id))
    first.refresh_from_db()
    assert (first.state, first.order.state, first.order.payment_state) == ("confirmed", "pending", "review")
    return first, second


def test_an_order_in_review_cannot_be_paid_again(stripe_api: StandIn) -> None:
    """C10, C5: no second page while money that came waits for the owner; nor for a changed version of it."""
    draft = visitors.complete()
    first = start(draft)
    PaymentAttempt.objects.update(amount_cents=69)
    stripe_api.pay(str(first.session_id))
    confirmation.settle_session(str(first.session_id))
    for again in (draft, changed(draft)):
        with pytest.raises(PaymentInReview):
            start_checkout(again, language="pt", terms=True)
    assert PaymentAttempt.objects.count() == 1
    assert len(stripe_api.objects("checkout.session")) == 1
    assert Order.objects.get(pk=first.order_id).payment_state == "review"


def test_a_second_payment_of_an_order_in_review_waits_for_the_owner_too(stripe_api: StandIn) -> None:
    """C10: its page was open already; nothing is fulfilled, and the owner hears of both."""
    first, second = in_review(stripe_api, visitors.complete())
    stripe_api.pay(str(second.session_id))
    confirmation.settle_session(str(second.session_id))
    second.refresh_from_db()
    assert (second.state, second.order.state, second.order.payment_state) == ("confirmed", "pending", "review")
    assert (second.order.paid_at, fulfilled(second.order)) == (None, [])
    mails = OutboxMessage.objects.filter(task="payments.email_owner").order_by("pk")
    assert [row.key for row in mails] == [
        f"email-owner:{first.public_id}:review",
        f"email-owner:{second.public_id}:review_again",
    ]


def test_of_two_payments_in_review_the_one_that_is_not_accepted_goes_back(stripe_api: StandIn) -> None:
    """C10, C11."""
    first, second = in_review(stripe_api, visitors.complete())
    stripe_api.pay(str(second.session_id))
    confirmation.settle_session(str(second.session_id))
    review.accept(second.pk)
    give_back()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.refunded_cents, second.refunded_cents) == (70, 0)
    assert (second.order.state, second.order.payment_state) == ("paid", "paid")
    assert [key for key in fulfilled(second.order) if ":refunded:" not in key] == planned(second.order)


def test_a_smaller_sum_that_was_accepted_stays_paid_when_a_second_payment_goes_back(stripe_api: StandIn) -> None:
    """C10, C39; and what then goes back of the accepted sum itself shows."""
    first, second = in_review(stripe_api, visitors.complete())
    Order.objects.update(total_cents=71, items_cents=71)
    review.accept(first.pk)
    stripe_api.pay(str(second.session_id))
    confirmation.settle_session(str(second.session_id))
    give_back()
    order = Order.objects.get(pk=first.order_id)
    second.refresh_from_db()
    assert (second.refunded_cents, order.total_cents, order.payment_state) == (70, 71, "paid")
    refunds.refund(first.pk, 1, reason="x")
    order.refresh_from_db()
    assert order.payment_state == "partly_refunded"


def test_a_voucher_of_an_order_in_review_and_its_end_leave_the_review_alone(stripe_api: StandIn) -> None:
    """C10, C26, C28: nor is the customer asked to pay again."""
    _first, second = in_review(stripe_api, visitors.complete())
    stripe_api.pay(str(second.session_id), method="multibanco")
    confirmation.settle_session(str(second.session_id))
    second.refresh_from_db()
    assert (second.state, second.voucher is not None, second.order.payment_state) == ("pending", True, "review")
    stripe_api.answer_intent(str(second.intent_id), "fail")
    confirmation.settle_session(str(second.session_id))
    second.refresh_from_db()
    assert (second.state, second.order.state, second.order.payment_state) == ("failed", "pending", "review")
    assert not OutboxMessage.objects.filter(task="orders.email_customer").exists()
