"""When a reference that runs out is brought to mind, and when it is not: C29."""

import datetime

import pytest
from django.utils import timezone

from orders.models import Order
from outbox.models import OutboxMessage
from payments import confirmation, reminders
from payments.models import PaymentAttempt
from payments.tests.stand_in import StandIn
from payments.tests.test_confirmation import attempt as start
from payments.tests.together import before_it_is_committed

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(stripe_api: StandIn, hours_ago: float = 48, hours_left: float = 10) -> PaymentAttempt:
    """A reference issued so long ago, to be paid for so long still."""
    attempt = start()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    now = timezone.now()
    until = (now + datetime.timedelta(hours=hours_left)).isoformat()
    PaymentAttempt.objects.update(
        created_at=now - datetime.timedelta(hours=hours_ago),
        voucher={"entity": "21800", "reference": "123456789", "amount_cents": 70, "expires_at": until},
    )
    return attempt


def reminded() -> int:
    return OutboxMessage.objects.filter(key__contains=":voucher_reminder:").count()


@pytest.mark.parametrize(
    ("hours_ago", "hours_left", "mails"), [(11.9, 10, 0), (12.1, 10, 1), (48, 24.1, 0), (48, 23.9, 1), (48, -0.1, 0)]
)
def test_a_reference_is_brought_to_mind_on_its_last_day_and_not_just_after_its_own_mail(
    stripe_api: StandIn, hours_ago: float, hours_left: float, mails: int
) -> None:
    waiting(stripe_api, hours_ago, hours_left)
    assert (reminders.run(), reminded()) == (mails, mails)


@pytest.mark.race
@pytest.mark.parametrize(
    ("of_attempt", "of_order"), [({"state": "failed"}, {"note": ""}), ({"url": ""}, {"payment_state": "review"})]
)
def test_whose_payment_ends_in_this_moment_is_not_reminded(
    stripe_api: StandIn, of_attempt: dict[str, str], of_order: dict[str, str]
) -> None:
    """C9: looked at again under the confirmation's own locks."""
    attempt = waiting(stripe_api)

    def changed() -> None:
        Order.objects.update(**of_order)
        PaymentAttempt.objects.update(**of_attempt)

    assert before_it_is_committed(changed, 1, lambda: reminders._remind(attempt.pk)) == [False]
    assert reminded() == 0
