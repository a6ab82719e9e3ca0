"""Who paid for an order that was never fulfilled hears of the refund, also where Redis has forgotten who that is: C11."""

import pytest

from accounts.models import User
from orders import emails as customer_emails
from orders import snapshots
from orders.models import Order
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import cancelling, confirmation, refunds
from payments.models import PaymentAttempt, Refund
from payments.tests.stand_in import StandIn
from payments.tests.test_confirmation import attempt as start
from payments.tests.test_history import seconds_kept
from payments.tests.test_late_money import give_back

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86_400


def told(order: Order) -> list[tuple[str, str]]:
    """Kind and address of each mail about a refund that is planned."""
    found = []
    for row in OutboxMessage.objects.filter(task="orders.email_customer", payload__kind__startswith="refunded:"):
        kind = str(row.payload["kind"])
        found.append((kind, customer_emails.customer_mail(order, kind, "<x@y>").to))
    return found


def paid_after_it_was_cancelled(stripe_api: StandIn, *, forgotten: bool) -> PaymentAttempt:
    """A Multibanco reference of an order that the studio cancelled, paid days later."""
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    attempt = start()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    cancelling.cancel_for_studio(attempt.order, actor=owner)
    if forgotten:
        snapshots.delete(attempt.order.number)
    attempt.refresh_from_db()
    stripe_api.answer_intent(str(attempt.intent_id), "complete")
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, attempt.order.paid_at) == ("confirmed", "cancelled", None)
    return attempt


@pytest.mark.parametrize("forgotten", [True, False])
def test_who_pays_for_a_cancelled_order_hears_of_the_refund(stripe_api: StandIn, forgotten: bool) -> None:
    """C11, C38: also of a refund that takes weeks to arrive."""
    attempt = paid_after_it_was_cancelled(stripe_api, forgotten=forgotten)
    snapshot, _photos = seconds_kept(attempt.order)
    assert 30 * DAY - 60 < snapshot <= 30 * DAY
    stripe_api.faults(refund_status="pending")
    give_back()
    row = Refund.objects.get()
    assert (row.state, told(attempt.order)) == ("pending", [])
    stripe_api.settle_refund(str(row.provider_id), "succeeded")
    refunds.sync(str(attempt.intent_id))
    assert told(attempt.order) == [(f"refunded:{row.pk}", "maria@example.test")]
    order = Order.objects.get()
    assert (order.state, order.payment_state, order.email) == ("cancelled", "refunded", "")


def test_who_paid_another_sum_hears_of_the_refund(stripe_api: StandIn) -> None:
    """C10: Redis was emptied before the money came, and the owner sends it back."""
    attempt = start()
    snapshots.delete(attempt.order.number)
    Order.objects.update(total_cents=71, items_cents=71)
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    assert attempt.order.payment_state == "review"
    refunds.refund(attempt.pk, reason="too little")
    assert [to for _kind, to in told(attempt.order)] == ["maria@example.test"]


def test_nothing_of_the_payer_is_put_back_for_a_sum_that_had_gone_back_already(stripe_api: StandIn) -> None:
    """C18, DESIGN §3."""
    attempt = start(visitors.complete())
    snapshots.delete(attempt.order.number)
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    stripe_api.answer_intent(str(attempt.intent_id), "complete")
    stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 70)
    refunds.sync(str(attempt.intent_id))
    snapshots.delete(attempt.order.number)
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, attempt.order.payment_state) == ("confirmed", "expired", "refunded")
    assert snapshots.load(attempt.order.number) is None
