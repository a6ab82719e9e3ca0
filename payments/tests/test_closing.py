"""What may no longer be paid is closed at Stripe, and what ended there is told as what it was: C5, C6, C11, C28, C51."""

import dataclasses
import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import User
from local.fixtures import Mailbox
from orders import drafts, tasks
from orders.models import Order
from orders.problems import DraftBusy
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts as attempt_service
from payments import cancelling, checkout, confirmation, elements, expiry, facts, gateway, leftovers
from payments.models import PaymentAttempt
from payments.tasks import close_attempt
from payments.tests.stand_in import DECLINED, StandIn
from payments.tests.test_confirmation import attempt as start
from payments.tests.test_confirmation import fulfilled
from payments.tests.test_elements import confirm
from payments.tests.test_elements import start as start_element
from payments.tests.together import before_it_is_committed

pytestmark = pytest.mark.django_db(transaction=True)


def close_planned() -> None:
    for message in OutboxMessage.objects.filter(task="payments.close_attempt", state="pending"):
        close_attempt(message.pk)


def old() -> None:
    past = timezone.now() - datetime.timedelta(days=3)
    Order.objects.update(created_at=past)
    PaymentAttempt.objects.update(expires_at=past)


def processing(stripe_api: StandIn) -> PaymentAttempt:
    """A Payment Element's delayed payment, without a voucher, that failed at the bank; its event never came."""
    started = start_element(visitors.complete())
    attempt = PaymentAttempt.objects.get()
    intent = gateway.retrieve_intent(str(attempt.intent_id))
    confirmation.settle(facts.as_session(dataclasses.replace(intent, status="processing")))
    confirm(started.client_secret, number=DECLINED)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.payment_state) == ("pending", "awaiting")
    return attempt


def test_a_failed_delayed_payment_without_its_event_is_told_and_can_be_tried_again(stripe_api: StandIn) -> None:
    """C28, C51: not ended as one that nobody paid."""
    attempt = processing(stripe_api)
    PaymentAttempt.objects.update(expires_at=timezone.now() - datetime.timedelta(minutes=11))
    assert leftovers.run() == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, attempt.order.payment_state) == ("failed", "pending", "unpaid")
    assert OutboxMessage.objects.filter(payload__kind=f"failed:{attempt.pk}").count() == 1
    assert [row["status"] for row in stripe_api.objects("payment_intent")] == ["canceled"]
    draft = drafts.get(attempt.order.draft_id)
    assert draft is not None
    assert start_element(draft).order.pk == attempt.order_id


def test_an_intent_that_nobody_used_expires_its_order_without_a_word(stripe_api: StandIn) -> None:
    """C28: the other way that an Element's page ends."""
    attempt_pk = start_element(visitors.complete()).order.attempts.get().pk
    PaymentAttempt.objects.update(expires_at=timezone.now() - datetime.timedelta(minutes=11))
    assert leftovers.run() == 1
    attempt = PaymentAttempt.objects.get(pk=attempt_pk)
    assert (attempt.state, attempt.order.state) == ("canceled", "expired")
    assert not OutboxMessage.objects.filter(task="orders.email_customer").exists()


def test_a_pending_order_that_the_studio_cancels_is_closed_at_stripe_and_its_customer_told(
    stripe_api: StandIn, mailbox: Mailbox
) -> None:
    """C6: by the address that was frozen."""
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    attempt = start()
    cancelling.cancel_for_studio(attempt.order, actor=owner)
    order = Order.objects.get()
    assert (order.state, order.email, fulfilled(order)) == (
        "cancelled",
        "",
        [f"email-customer:{order.number}:cancelled_unpaid"],
    )
    close_planned()
    attempt.refresh_from_db()
    assert (attempt.state, [row["status"] for row in stripe_api.objects("checkout.session")]) == (
        "canceled",
        ["expired"],
    )
    tasks.email_customer(OutboxMessage.objects.get(task="orders.email_customer").pk)
    assert OutboxMessage.objects.get(task="orders.email_customer").last_error == ""
    (letter,) = mailbox.wait_for(1, to="maria@example.test")
    assert order.number in str(letter["Subject"])
    order.refresh_from_db()
    assert order.state == "cancelled"


def test_a_voucher_of_an_order_that_the_studio_cancelled_is_paid_back(stripe_api: StandIn) -> None:
    """C6, C11: it cannot be withdrawn."""
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    attempt = start()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    cancelling.cancel_for_studio(attempt.order, actor=owner)
    close_planned()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state) == ("pending", "cancelled")
    stripe_api.answer_intent(str(attempt.intent_id), "complete")
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state) == ("confirmed", "cancelled")
    assert OutboxMessage.objects.filter(key=f"give-back:{attempt.public_id}").count() == 1


def meanwhile(change: Callable[[Order], object], run: Callable[[], object]) -> None:
    """`run` looks at the order, and waits for its row while `change` is not committed yet."""
    [result] = before_it_is_committed(lambda: change(Order.objects.select_for_update().get()), 1, run)
    assert not isinstance(result, Exception)


def open_page(order: Order) -> None:
    PaymentAttempt.objects.create(order=order, method="checkout", amount_cents=order.total_cents)


@pytest.mark.race
def test_an_order_whose_page_is_opened_in_this_moment_is_not_abandoned() -> None:
    """C28: fails when it is not looked at again under the lock."""
    order = visitors.pending()
    old()
    drafts.update(order.draft_id, lambda newest: setattr(newest, "checkout", {"order": "PO-OTHER"}))
    meanwhile(open_page, leftovers.run)
    order.refresh_from_db()
    assert order.state == "pending"


@pytest.mark.race
def test_an_outdated_order_whose_page_is_opened_in_this_moment_does_not_expire() -> None:
    """C6: fails when it is not looked at again under the lock."""
    order = visitors.pending()
    drafts.update(order.draft_id, lambda newest: setattr(newest, "checkout", {"order": "PO-OTHER"}))
    meanwhile(open_page, lambda: expiry.expire_attempts(order.draft_id))
    order.refresh_from_db()
    assert order.state == "pending"


def test_a_page_that_turned_out_stale_is_closed_later_when_stripe_is_away(stripe_api: StandIn) -> None:
    """C6: the draft was edited while Stripe was asked, and then Stripe did not answer."""
    attempt = attempt_service.close(start().pk, "canceled", "changed")
    stripe_api.fail("reset", times=6)
    with pytest.raises(DraftBusy):
        checkout._refuse_stale(attempt)
    stripe_api.behave()
    assert [row["status"] for row in stripe_api.objects("checkout.session")] == ["open"]
    message = OutboxMessage.objects.get(task="payments.close_attempt")
    assert message.payload == {"order_id": attempt.order_id, "attempt_id": attempt.pk}
    close_planned()
    assert [row["status"] for row in stripe_api.objects("checkout.session")] == ["expired"]


def test_a_failed_intent_is_closed_later_when_stripe_is_away(stripe_api: StandIn) -> None:
    """C5, C28: the event came; the old Intent must not stay payable beside the next one."""
    attempt = processing(stripe_api)
    confirmation.settle(facts.as_session(gateway.retrieve_intent(str(attempt.intent_id))))
    attempt.refresh_from_db()
    assert attempt.state == "failed"
    stripe_api.fail("reset", path="/cancel", times=6)
    elements.settle(str(attempt.intent_id))
    stripe_api.behave()
    assert [row["status"] for row in stripe_api.objects("payment_intent")] == ["requires_payment_method"]
    close_planned()
    assert [row["status"] for row in stripe_api.objects("payment_intent")] == ["canceled"]
    attempt.order.refresh_from_db()
    assert (attempt.order.state, attempt.order.payment_state) == ("pending", "unpaid")
