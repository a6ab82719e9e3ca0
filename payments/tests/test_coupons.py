"""Coupons on the way to Stripe: the sum is the order's, and no limit is exceeded by customers paying at once."""

import pytest

from orders import drafts
from orders.coupons import CouponRefused
from orders.models import Coupon, Order
from orders.tests import visitors
from payments import confirmation
from payments.checkout import start_checkout
from payments.tests.stand_in import StandIn
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_stripe_is_asked_for_the_discounted_sum_in_one_line(stripe_api: StandIn) -> None:
    """C1, C2, C10: what is paid fits the frozen order."""
    Coupon.objects.create(code="MENOS5", kind="amount", amount_cents=5)
    draft = drafts.set_coupon(visitors.complete(), "menos5")
    order = start_checkout(draft, language="pt", terms=True).order
    session_id = str(order.attempts.get().session_id)
    (call,) = stripe_api.calls("/v1/checkout/sessions", "POST")
    stripe_api.pay(session_id)
    attempt = confirmation.settle_session(session_id)
    assert attempt is not None
    order.refresh_from_db()
    assert (attempt.received_cents, order.total_cents, order.discount_cents, order.state) == (65, 65, 5, "paid")
    assert "MENOS5" in str(call)


@pytest.mark.race
def test_of_eight_customers_with_a_code_for_two_two_get_it(stripe_api: StandIn) -> None:
    """The code's row lock decides; nobody else's order is made with the discount."""
    Coupon.objects.create(code="DOIS", kind="percent", percent=50, max_uses=2)
    ready = [drafts.set_coupon(visitors.complete(), "DOIS") for _customer in range(8)]
    turns = iter(ready)
    results = together(8, lambda: start_checkout(next(turns), language="pt", terms=True))
    assert sum(isinstance(result, CouponRefused) for result in results) == 6
    assert Order.objects.filter(coupon_code="DOIS").count() == 2
    assert Order.objects.count() == 2


@pytest.mark.race
def test_of_four_drafts_of_one_customer_paying_at_once_one_gets_the_code(stripe_api: StandIn) -> None:
    """The code's row lock decides here too; the others are told, and the next click shows and takes the full sum."""
    Coupon.objects.create(code="UMAVEZ", kind="percent", percent=50, max_uses_each=1)
    ready = [drafts.set_coupon(visitors.complete(), "UMAVEZ") for _tab in range(4)]
    turns = iter(ready)
    results = together(4, lambda: start_checkout(next(turns), language="pt", terms=True))
    assert sum(isinstance(result, CouponRefused) for result in results) == 3
    assert Order.objects.get().coupon_code == "UMAVEZ"
    for draft in ready:
        start_checkout(draft, language="pt", terms=True)
    assert sorted(Order.objects.values_list("total_cents", flat=True)) == [50, 70, 70, 70]
