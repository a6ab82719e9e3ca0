"""What a payment leaves behind: lines of its history, mails planned, and how long what was frozen is kept (C10, C11, C26,
C28, C30, C32, C35). Each of these was once a change that no other test noticed."""

import datetime

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django_redis import get_redis_connection

from orders import services as order_services
from orders.models import Order
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import confirmation, gateway, refunds
from payments.checkout import start_checkout
from payments.models import PaymentAttempt, Refund
from payments.problems import NotRefundable
from payments.tests.stand_in import StandIn
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86_400


def at_stripes_page() -> PaymentAttempt:
    return start_checkout(visitors.complete(), language="pt", terms=True).order.attempts.get()


def kinds(attempt: PaymentAttempt) -> list[str]:
    return list(attempt.events.order_by("pk").values_list("kind", flat=True))


def seconds_kept(order: Order) -> list[int]:
    redis = get_redis_connection("default")
    return [redis.ttl(f"snapshot:{order.number}"), redis.ttl(f"photo:{order.photos.get().photo_id}")]


def test_a_sum_in_review_keeps_snapshot_and_photos_for_thirty_days(stripe_api: StandIn) -> None:
    """C10."""
    attempt = at_stripes_page()
    Order.objects.update(total_cents=71, items_cents=71)
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    for seconds in seconds_kept(attempt.order):
        assert 30 * DAY - 60 < seconds <= 30 * DAY
    assert kinds(attempt) == ["created", "opened", "confirmed", "review"]
    assert attempt.events.get(kind="review").why == "0.70 EUR arrived"


def test_money_that_goes_back_says_why_in_the_history(stripe_api: StandIn) -> None:
    """C11."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id))
    order_services.cancel(attempt.order)
    confirmation.settle_session(str(attempt.session_id))
    assert kinds(attempt) == ["created", "opened", "confirmed", "unwanted"]
    assert attempt.events.get(kind="unwanted").why == "order cancelled, unpaid"


def test_a_voucher_is_noted_once_and_keeps_everything_four_days_longer(stripe_api: StandIn) -> None:
    """C26, C30: counted from the voucher's own last day."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    for _twice in range(2):
        confirmation.settle_session(str(attempt.session_id))
    assert kinds(attempt) == ["created", "opened", "awaiting"]
    attempt.refresh_from_db()
    assert attempt.voucher is not None
    until = parse_datetime(attempt.voucher["expires_at"])
    assert until is not None
    kept = (until - timezone.now()).total_seconds() + 4 * DAY
    for seconds in seconds_kept(attempt.order):
        assert kept - 60 < seconds <= kept + 60


def test_a_failed_voucher_is_answered_as_failed_and_told_once(stripe_api: StandIn) -> None:
    """C28."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    stripe_api.answer_intent(str(attempt.intent_id), "fail")
    answers = [confirmation.settle_session(str(attempt.session_id)) for _twice in range(2)]
    assert [answer.state for answer in answers if answer] == ["failed", "failed"]
    attempt.refresh_from_db()
    assert attempt.failure_code == "payment_intent_payment_attempt_expired"
    assert kinds(attempt) == ["created", "opened", "awaiting", "failed"]
    key = f"email-customer:{attempt.order.number}:payment_failed:{attempt.public_id}"
    assert OutboxMessage.objects.filter(key=key).count() == 1


def test_a_session_that_ended_unpaid_is_answered_as_canceled(stripe_api: StandIn) -> None:
    attempt = at_stripes_page()
    stripe_api.expire(str(attempt.session_id))
    answers = [confirmation.settle_session(str(attempt.session_id)) for _twice in range(2)]
    assert [answer.state for answer in answers if answer] == ["canceled", "canceled"]
    assert kinds(attempt) == ["created", "opened", "canceled"]
    expired = attempt.order.events.get(kind="expired")
    assert expired.why == "nobody paid in time"


def test_a_refund_is_noted_before_stripe_is_asked_and_sent_again_after_thirty_seconds(stripe_api: StandIn) -> None:
    """C32, C33: the outbox waits until the first sending has had its time."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    before = timezone.now()
    made = refunds.refund(attempt.pk, 30, reason="uma folha riscada")
    message = OutboxMessage.objects.get(key=f"refund:{made.public_id}")
    asked = message.next_attempt_at - datetime.timedelta(seconds=30)
    assert before <= asked <= timezone.now()
    assert kinds(attempt)[-2:] == ["refund_asked", "refund_succeeded"]
    assert attempt.events.get(kind="refund_asked").why == "uma folha riscada"


@pytest.mark.race
def test_a_refund_from_the_dashboard_told_four_times_at_once_is_booked_once(stripe_api: StandIn) -> None:
    """C35, C37: the unique id decides; each caller is told that it is the shop's."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    stripe_api.dashboard_refund(str(attempt.charge_id), 25)
    (found,) = gateway.refunds_of(str(attempt.intent_id))
    assert together(4, lambda: refunds.apply(found)) == [True, True, True, True]
    assert list(Refund.objects.values_list("amount_cents", "state")) == [(25, "succeeded")]
    attempt.refresh_from_db()
    assert attempt.refunded_cents == 25


def test_a_voucher_that_is_not_paid_yet_cannot_be_refunded(stripe_api: StandIn) -> None:
    """C32: it has a payment at Stripe, and nothing was received."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    assert (attempt.state, str(attempt.intent_id)[:3]) == ("pending", "pi_")
    with pytest.raises(NotRefundable):
        refunds.refund(attempt.pk, reason="x")
    assert (Refund.objects.count(), stripe_api.objects("refund")) == (0, [])


def test_two_refunds_that_stripe_refuses_are_two_failed_rows(stripe_api: StandIn) -> None:
    """C38: most of it went back in the dashboard, and the shop has not heard of it yet."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    stripe_api.dashboard_refund(str(attempt.charge_id), 60)
    made = [refunds.refund(attempt.pk, 30, reason="x") for _twice in range(2)]
    assert [(row.state, row.provider_id, row.settled_at is not None) for row in made] == [("failed", None, True)] * 2
    keys = {f"email-owner:{row.public_id}:failed" for row in made}
    assert OutboxMessage.objects.filter(key__in=keys, payload__kind="refund_failed").count() == 2
    assert kinds(attempt)[-4:] == ["refund_asked", "refund_failed"] * 2
    attempt.refresh_from_db()
    assert attempt.refunded_cents == 0


def test_the_customer_is_told_of_a_refund_when_it_has_arrived_and_not_before(stripe_api: StandIn) -> None:
    """C38."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    stripe_api.faults(refund_status="pending")
    made = refunds.refund(attempt.pk, 30, reason="x")
    told = OutboxMessage.objects.filter(key=f"email-customer:{attempt.order.number}:refunded:{made.public_id}")
    assert (made.state, made.settled_at, told.count()) == ("pending", None, 0)
    stripe_api.settle_refund(str(made.provider_id), "succeeded")
    for _twice in range(2):
        refunds.apply(gateway.retrieve_refund(str(made.provider_id)))
    assert told.get().payload == {"order_id": attempt.order_id, "kind": f"refunded:{made.pk}"}
    assert not OutboxMessage.objects.filter(payload__kind="refund_failed").exists()


def test_a_single_cent_can_be_refunded(stripe_api: StandIn) -> None:
    """C32."""
    attempt = at_stripes_page()
    stripe_api.pay(str(attempt.session_id))
    confirmation.settle_session(str(attempt.session_id))
    assert refunds.refund(attempt.pk, 1, reason="x").state == "succeeded"
    attempt.refresh_from_db()
    assert attempt.refunded_cents == 1
