"""Two processes that meet between a look and a commit, or between a commit and what follows it: C11, C18, C28, C30."""

import pytest
from django.db import transaction
from django_redis import get_redis_connection

from orders import services, snapshots
from orders.drafts import Draft
from orders.models import Order
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts, confirmation, expiry, facts, gateway
from payments.checkout import start_checkout
from payments.models import PaymentAttempt
from payments.tests.stand_in import DECLINED, StandIn
from payments.tests.test_confirmation import attempt as opened
from payments.tests.test_confirmation import fulfilled, planned
from payments.tests.test_elements import confirm, start
from payments.tests.test_late_money import changed, give_back
from uploads import stash

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86_400


def test_a_refused_card_that_was_looked_up_before_the_reference_was_issued_does_not_end_it(stripe_api: StandIn) -> None:
    """C18, C28, C30: the worker that asked Stripe first is the last to book what it was told."""
    started = start(visitors.complete())
    confirm(started.client_secret, number=DECLINED)
    attempt = PaymentAttempt.objects.get()
    early = facts.as_session(gateway.retrieve_intent(str(attempt.intent_id)))
    confirm(started.client_secret, method="multibanco", email="ana@example.test")
    confirmation.settle(facts.as_session(gateway.retrieve_intent(str(attempt.intent_id))))
    confirmation.settle(early)
    attempt.refresh_from_db()
    assert (early.status, attempt.voucher is not None) == ("open", True)
    assert (attempt.state, attempt.order.state, attempt.order.payment_state) == ("pending", "pending", "awaiting")
    assert not OutboxMessage.objects.filter(payload__kind__startswith="failed").exists()
    assert not OutboxMessage.objects.filter(task="payments.close_attempt").exists()


def expired_while(stripe_api: StandIn, cents: int = 70) -> Order:
    """The order expires, and its money is booked before the process that ended it has let its photos go. The draft is over:
    nobody else holds them."""
    paid = opened()
    PaymentAttempt.objects.update(amount_cents=cents)
    attempts.close(paid.pk, "canceled", "another page was asked for, or this one was about to close")
    stash.drop(paid.order.draft_id)
    stripe_api.pay(str(paid.session_id))
    with transaction.atomic():
        transaction.on_commit(lambda: confirmation.settle_session(str(paid.session_id)))
        services.expire(paid.order, why="nobody paid in time")
    return Order.objects.get()


def test_money_that_comes_while_an_expired_orders_photos_are_let_go_keeps_them(stripe_api: StandIn) -> None:
    """C11: the order is revived with its photos, and nobody is asked for them again."""
    order = expired_while(stripe_api)
    assert (order.state, order.payment_state, fulfilled(order)) == ("paid", "paid", planned(order))
    photo_ids = list(order.photos.values_list("photo_id", flat=True))
    assert len(photo_ids) == 1
    assert (stash.held(order.number), stash.exists(photo_ids[0])) == (photo_ids, True)


def test_a_sum_in_review_that_comes_while_an_expired_orders_photos_are_let_go_keeps_them(stripe_api: StandIn) -> None:
    """C10, C11: the owner may still accept it."""
    order = expired_while(stripe_api, cents=69)
    assert (order.state, order.payment_state, fulfilled(order)) == ("expired", "review", [])
    photo_ids = list(order.photos.values_list("photo_id", flat=True))
    assert (stash.held(order.number), stash.exists(photo_ids[0])) == (photo_ids, True)
    assert snapshots.load(order.number) is not None


def test_the_photos_of_an_order_that_nobody_paid_are_let_go(stripe_api: StandIn) -> None:
    order = opened().order
    stash.drop(order.draft_id)
    services.expire(order, why="nobody paid in time")
    assert (stash.held(order.number), snapshots.load(order.number)) == ([], None)


@pytest.mark.parametrize("cents", [69, 70])
def test_what_a_killed_worker_had_booked_and_not_kept_is_kept_by_the_next(stripe_api: StandIn, cents: int) -> None:
    """C10, C11, C41: the first died between the books and Redis. A sum in review keeps its photos, money that goes back its
    customer's address: a refund may take weeks."""
    paid = opened()
    PaymentAttempt.objects.update(amount_cents=cents)
    if cents == 70:
        services.cancel(paid.order)
    stripe_api.pay(str(paid.session_id))
    confirmation.settle_session(str(paid.session_id))
    redis = get_redis_connection("default")
    order = Order.objects.get()
    photo_ids = list(order.photos.values_list("photo_id", flat=True))
    snapshots.shorten(order.number, 60)
    stash.release(photo_ids, order.number)
    stash.hold(photo_ids, order.number, 60)
    for _twice in range(2):
        confirmation.settle_session(str(paid.session_id))
    assert 30 * DAY - 60 < redis.ttl(f"snapshot:{order.number}") <= 30 * DAY
    assert (redis.ttl(f"photo:{photo_ids[0]}") > 29 * DAY) == (cents == 69)
    assert paid.events.filter(kind="confirmed").count() == 1


def three_pages(draft: Draft) -> tuple[PaymentAttempt, PaymentAttempt, PaymentAttempt]:
    """Of the older version the page that was given up and its other one, and the newer version's."""
    first = opened(draft)
    attempts.close(first.pk, "canceled", "another page was asked for, or this one was about to close")
    other = start_checkout(draft, language="pt", terms=True).order.attempts.get(state="pending")
    return first, other, start_checkout(changed(draft), language="pt", terms=True).order.attempts.get()


@pytest.mark.parametrize("refunded", ["before", "after"])
def test_an_older_versions_money_that_comes_before_its_other_page_is_closed_leaves_none_open(
    stripe_api: StandIn, refunded: str
) -> None:
    """C5, C6, C11: the newer version was bought, and the task that closes the older one's pages has not run yet."""
    draft = visitors.complete()
    first, other, bought = three_pages(draft)
    for paid in (bought, first):
        stripe_api.pay(str(paid.session_id))
        confirmation.settle_session(str(paid.session_id))
    if refunded == "before":
        give_back()
    expiry.expire_attempts(draft.id)
    give_back()
    ends = {row["id"]: row["status"] for row in stripe_api.objects("checkout.session")}
    assert ends == {bought.session_id: "complete", first.session_id: "complete", other.session_id: "expired"}
    other.refresh_from_db()
    assert (other.state, other.order.state, other.order.payment_state) == ("canceled", "expired", "refunded")


def test_the_customer_is_asked_not_to_pay_an_older_versions_reference_whose_other_page_was_paid(
    stripe_api: StandIn,
) -> None:
    """C6: the reference cannot be withdrawn."""
    draft = visitors.complete()
    first, other, bought = three_pages(draft)
    stripe_api.pay(str(other.session_id), method="multibanco")
    for attempt, method in ((other, "multibanco"), (bought, "card"), (first, "card")):
        if method == "card":
            stripe_api.pay(str(attempt.session_id))
        confirmation.settle_session(str(attempt.session_id))
    expiry.expire_attempts(draft.id)
    assert OutboxMessage.objects.filter(payload__kind=f"voucher_replaced:{other.pk}").count() == 1
    give_back()
    other.refresh_from_db()
    assert (other.state, other.voucher is not None, other.order.payment_state) == ("pending", True, "refunded")
