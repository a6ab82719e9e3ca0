"""What became of the shop's own payment pages on a day without webhooks: they have no Session that would tell (C51)."""

import pytest
from django.utils import timezone

from orders.tests import visitors
from payments.models import PaymentAttempt
from payments.reconciliation.days import Day
from payments.reconciliation.run import reconcile
from payments.tests.stand_in import StandIn
from payments.tests.test_elements import confirm, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_delayed_payment_on_the_shops_own_page_is_learned_of_the_same_day(stripe_api: StandIn) -> None:
    """C51, C26, C28: its reference first, then that it ran out; a page that nobody used stays open."""
    stripe_api.faults(webhook_drop=True)
    unused, issued = start(visitors.complete("a.jpg")), start(visitors.complete("b.jpg"))
    confirm(issued.client_secret, method="multibanco", email="ana@example.test")
    attempt = PaymentAttempt.objects.get(order=issued.order)
    for answer, expected in (("", ("pending", "awaiting")), ("fail", ("failed", "unpaid"))):
        if answer:
            stripe_api.answer_intent(str(attempt.intent_id), answer)
        reconcile(Day(timezone.localdate()))
        attempt = PaymentAttempt.objects.select_related("order").get(pk=attempt.pk)
        assert (attempt.state, attempt.order.payment_state) == expected
    other = PaymentAttempt.objects.select_related("order").get(order=unused.order)
    assert (other.state, other.url != "", other.order.payment_state) == ("pending", True, "unpaid")
