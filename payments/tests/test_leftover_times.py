"""When the sweep looks at what no event told of, and when it does not yet: C28, C30, C52."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from orders import drafts
from orders.models import Order
from orders.tests import visitors
from payments import leftovers
from payments.models import PaymentAttempt
from payments.tests.stand_in import StandIn
from payments.tests.test_confirmation import attempt as start

pytestmark = pytest.mark.django_db(transaction=True)


def ago(**time: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(**time)


@pytest.mark.parametrize(
    ("minutes", "looked_at", "state"), [(-5, 0, "pending"), (9, 0, "pending"), (11, 1, "canceled")]
)
def test_a_page_is_looked_up_ten_minutes_after_its_end(
    stripe_api: StandIn, minutes: float, looked_at: int, state: str
) -> None:
    """C52: its event usually comes within seconds."""
    attempt = start()
    PaymentAttempt.objects.update(expires_at=ago(minutes=minutes))
    assert leftovers.run() == looked_at
    attempt.refresh_from_db()
    assert attempt.state == state


@pytest.mark.parametrize(
    ("issued_days", "ended_days", "looked_at"), [(3.9, 5, 0), (10, 3.9, 0), (10, 4.1, 1), (10, None, 1)]
)
def test_a_reference_is_looked_up_four_days_after_its_end(
    stripe_api: StandIn, issued_days: float, ended_days: float | None, looked_at: int
) -> None:
    """C30: paid on its last day it may be told of so much later; one that tells no end may be long over."""
    attempt = start()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    ended = None if ended_days is None else ago(days=ended_days).isoformat()
    PaymentAttempt.objects.update(
        created_at=ago(days=issued_days), voucher={"entity": "21800", "reference": "123456789", "expires_at": ended}
    )
    asked = len(stripe_api.calls())
    assert leftovers.run() == looked_at
    assert (len(stripe_api.calls()) > asked) is bool(looked_at)


@pytest.mark.parametrize(("margin", "state"), [(60, "pending"), (-60, "expired")])
def test_an_order_that_nobody_can_pay_ends_when_draft_and_page_would_have(
    settings: Any, margin: int, state: str
) -> None:
    """C28: its draft has gone on to something else; until then the customer might still come back."""
    order = visitors.pending()
    drafts.update(order.draft_id, lambda newest: setattr(newest, "checkout", {"order": "PO-OTHER"}))
    lives = settings.DRAFT_TTL_SECONDS + settings.CHECKOUT_EXPIRES_SECONDS
    Order.objects.update(created_at=ago(seconds=lives - margin))
    leftovers.run()
    order.refresh_from_db()
    assert order.state == state
