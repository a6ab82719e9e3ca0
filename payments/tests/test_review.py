"""The owner's decision on a sum in review, to its end: C10, C18, C38, O5."""

import pytest
from django.utils import timezone
from django_redis import get_redis_connection

from local.fixtures import Mailbox
from orders import coupons, snapshots, tasks
from orders.models import Coupon, Order
from orders.services import InvalidTransition
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import books, confirmation, gateway, refunds, review
from payments.models import PaymentAttempt
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_confirmation import attempt as start
from payments.tests.test_confirmation import fulfilled, planned
from payments.tests.test_late_money import in_review
from payments.tests.together import before_it_is_committed

pytestmark = pytest.mark.django_db(transaction=True)


def reviewed(stripe_api: StandIn) -> PaymentAttempt:
    """A payment of 70 cents for an order that costs 71."""
    attempt = start()
    Order.objects.update(total_cents=71, items_cents=71)
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, attempt.order.payment_state) == ("confirmed", "pending", "review")
    return attempt


def refund_mails() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(task="orders.email_customer", payload__kind__startswith="refunded"))


def test_a_sum_that_the_owner_sends_back_ends_the_order_and_its_customer_hears_of_it(
    stripe_api: StandIn, mailbox: Mailbox
) -> None:
    """C10, C38: by the address that was frozen, which nobody keeps for longer than the mail needs."""
    attempt = reviewed(stripe_api)
    coupon = Coupon.objects.create(code="VERAO", kind="percent", percent=10, valid_from=timezone.now())
    Order.objects.update(coupon=coupon)
    made = refunds.refund(attempt.pk, reason="not what was ordered")
    order = Order.objects.get()
    assert (made.state, order.state, order.payment_state, order.paid_at) == ("succeeded", "expired", "refunded", None)
    assert (order.email, fulfilled(order)) == ("", [f"email-customer:{order.number}:refunded:{made.public_id}"])
    assert coupons.uses(coupon).count() == 0
    snapshot = snapshots.load(order.number)
    assert snapshot is not None
    assert 0 < get_redis_connection("default").ttl(f"snapshot:{order.number}") <= 86_400
    (message,) = refund_mails()
    tasks.email_customer(message.pk)
    (letter,) = mailbox.wait_for(1, to="maria@example.test")
    assert order.number in str(letter["Subject"])
    deliver(stripe_api.objects("event"))
    order.refresh_from_db()
    assert (order.state, order.payment_state, len(refund_mails())) == ("expired", "refunded", 1)


def test_without_an_address_nobody_is_written_to(stripe_api: StandIn) -> None:
    """C49: Redis was emptied while the sum waited."""
    attempt = reviewed(stripe_api)
    snapshots.delete(attempt.order.number)
    refunds.refund(attempt.pk, reason="x")
    order = Order.objects.get()
    assert (order.state, order.payment_state, refund_mails()) == ("expired", "refunded", [])


def test_a_part_that_went_back_leaves_the_review(stripe_api: StandIn) -> None:
    """C10: the rest still waits for the owner; the customer hears of the part."""
    attempt = reviewed(stripe_api)
    refunds.refund(attempt.pk, 30, reason="x")
    order = Order.objects.get()
    assert (order.state, order.payment_state, len(refund_mails())) == ("pending", "review", 1)
    refunds.refund(attempt.pk, reason="y")
    order.refresh_from_db()
    assert (order.state, order.payment_state, len(refund_mails())) == ("expired", "refunded", 2)


@pytest.mark.parametrize("first", ["refund", "voucher"])
def test_a_refund_and_the_end_of_another_page_end_the_order_in_either_order(stripe_api: StandIn, first: str) -> None:
    """C18: while the customer's other page is open the order waits; the last of the two ends it."""
    one, other = in_review(stripe_api, visitors.complete())
    stripe_api.pay(str(other.session_id), method="multibanco")
    confirmation.settle_session(str(other.session_id))
    other.refresh_from_db()

    def give_back() -> None:
        refunds.refund(one.pk, reason="x")

    def fail() -> None:
        stripe_api.answer_intent(str(other.intent_id), "fail")
        confirmation.settle_session(str(other.session_id))

    steps = [give_back, fail] if first == "refund" else [fail, give_back]
    steps[0]()
    assert Order.objects.get().state == "pending"
    steps[1]()
    order = Order.objects.get()
    assert (order.state, order.payment_state) == ("expired", "refunded")
    assert not OutboxMessage.objects.filter(key__contains=":payment_failed:").exists()


def test_a_sum_in_review_that_the_bank_takes_back_ends_the_order(stripe_api: StandIn) -> None:
    """C18, C40."""
    attempt = reviewed(stripe_api)
    stripe_api.dispute(attempt.charge_id)
    (found,) = stripe_api.objects("dispute")
    stripe_api.close_dispute(found["id"], "lost")
    books.apply_dispute(gateway.retrieve_dispute(found["id"]))
    order = Order.objects.get()
    assert (order.state, order.payment_state) == ("expired", "refunded")


@pytest.mark.parametrize("state", ["created", "pending"])
def test_a_sum_whose_refund_is_under_way_cannot_be_accepted(stripe_api: StandIn, state: str) -> None:
    """C10, C38: nothing is made for money that is on its way back."""
    attempt = reviewed(stripe_api)
    if state == "created":
        stripe_api.fail("reset", path="/v1/refunds", times=3)
    else:
        stripe_api.faults(refund_status="pending")
    assert refunds.refund(attempt.pk, 1, reason="x").state == state
    with pytest.raises(InvalidTransition):
        review.accept(attempt.pk)
    order = Order.objects.get()
    assert (order.state, order.payment_state, order.paid_at, fulfilled(order)) == ("pending", "review", None, [])


def test_what_was_too_much_may_go_back_before_the_rest_is_accepted(stripe_api: StandIn) -> None:
    """C10: 70 cents came for 69; and of 71 that should have come a part of the 70 is gone."""
    attempt = reviewed(stripe_api)
    refunds.refund(attempt.pk, 1, reason="the difference")
    with pytest.raises(InvalidTransition):
        review.accept(attempt.pk)
    Order.objects.update(total_cents=69, items_cents=69)
    review.accept(attempt.pk)
    order = Order.objects.get()
    assert (order.state, order.payment_state) == ("paid", "paid")


def test_a_disputed_sum_that_is_accepted_is_made_and_stays_in_dispute(stripe_api: StandIn) -> None:
    """C10, C40: the bank has not decided yet."""
    attempt = reviewed(stripe_api)
    stripe_api.dispute(attempt.charge_id)
    books.apply_dispute(gateway.retrieve_dispute(stripe_api.objects("dispute")[0]["id"]))
    assert Order.objects.get().payment_state == "review"
    review.accept(attempt.pk)
    order = Order.objects.get()
    assert (order.state, order.payment_state, fulfilled(order)) == ("paid", "disputed", planned(order))


@pytest.mark.race
def test_of_two_who_accept_at_once_one_does(stripe_api: StandIn) -> None:
    """C10: both have looked at the order before either changes it; fails without the lock."""
    attempt = reviewed(stripe_api)
    results = before_it_is_committed(
        lambda: Order.objects.select_for_update().get(), 2, lambda: review.accept(attempt.pk)
    )
    assert sorted(type(result).__name__ for result in results) == ["InvalidTransition", "Order"]
    assert attempt.events.filter(kind="accepted").count() == 1
    order = Order.objects.get()
    assert (order.state, fulfilled(order)) == ("paid", planned(order))


@pytest.mark.race
def test_accepting_waits_for_a_refund_that_is_being_noted_and_then_is_refused(stripe_api: StandIn) -> None:
    """C10, C32: the refund's row was not committed when the other pressed "accept"; fails without the lock."""
    attempt = reviewed(stripe_api)
    results = before_it_is_committed(
        lambda: refunds._reserve(attempt.pk, None, "x", None, ""), 1, lambda: review.accept(attempt.pk)
    )
    assert [type(result).__name__ for result in results] == ["InvalidTransition"]
    order = Order.objects.get()
    assert (order.state, order.payment_state, order.paid_at) == ("pending", "review", None)
    refunds.send(attempt.refunds.get().pk)
    order.refresh_from_db()
    assert (order.state, order.payment_state) == ("expired", "refunded")
