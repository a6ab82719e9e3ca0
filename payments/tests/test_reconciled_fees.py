"""What moves the balance beside payments: Stripe's own fees, and refunds that come back days later (C38, C51, C53)."""

import pytest
from django.utils import timezone

from outbox.models import OutboxMessage
from payments import books, confirmation, facts, link_payments, link_refunds, refunds
from payments.models import BalanceTransaction, LinkRefund, PaymentAttempt, Refund
from payments.reconciliation import balance
from payments.reconciliation.run import reconcile
from payments.tests.reconciling import today
from payments.tests.stand_in import StandIn
from payments.tests.test_confirmation import attempt
from payments.tests.test_payment_links import link
from payments.tests.test_payment_links import paid as paid_link

pytestmark = pytest.mark.django_db(transaction=True)


def test_stripes_own_fee_is_no_payments_movement(stripe_api: StandIn) -> None:
    """C53: it has no source, and a payment that is still open has no charge yet: that is not the same."""
    attempt()
    link_payments.start(link().pk, "", "pt")
    fee = facts.BalanceTransaction("txn_fee", "stripe_fee", "", -120, 0, -120, "EUR", timezone.now())
    assert balance.book([fee]) == 1
    row = BalanceTransaction.objects.get()
    assert (row.amount_cents, row.attempt, row.link_payment) == (-120, None, None)


@pytest.fixture
def earlier(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """No webhook arrives, and payments and refunds were made on another day than the one that is compared."""
    stripe_api.faults(webhook_drop=True, refund_status="pending")
    for listing in ("sessions_made", "intents_made", "refunds_made"):
        monkeypatch.setattr(f"payments.gateway.{listing}", lambda _span: iter(()))
    return stripe_api


def test_a_refund_that_comes_back_days_later_is_learned_of(earlier: StandIn) -> None:
    """C38, C51: it had succeeded; its failure moved the balance today, and no event told of it."""
    made = attempt()
    earlier.pay(str(made.session_id))
    confirmation.settle_session(str(made.session_id))
    refund = refunds.refund(made.pk, 30, reason="x")
    Refund.objects.update(state="succeeded")
    books.recompute(made.order, PaymentAttempt.objects.get())
    made.refresh_from_db()
    assert (made.refunded_cents, made.order.payment_state) == (30, "partly_refunded")
    earlier.settle_refund(str(refund.provider_id), "failed")
    reconcile(today())
    made.refresh_from_db()
    made.order.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.state, made.refunded_cents, made.order.payment_state) == ("failed", 0, "paid")
    assert OutboxMessage.objects.filter(payload__kind="refund_failed").count() == 1
    reconcile(today())
    assert OutboxMessage.objects.filter(payload__kind="refund_failed").count() == 1


def test_a_links_refund_that_comes_back_days_later_is_learned_of(earlier: StandIn) -> None:
    """C38, C51."""
    payment = paid_link(earlier, link())
    refund = link_refunds.refund(payment.pk, 1250, reason="x")
    link_refunds.send(refund.pk)
    LinkRefund.objects.update(state="succeeded")
    refund.refresh_from_db()
    earlier.settle_refund(str(refund.provider_id), "failed")
    reconcile(today())
    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.state, payment.refunded_cents) == ("failed", 0)
    assert OutboxMessage.objects.filter(task="payments.email_link", payload__kind="refund_failed").count() == 1


def test_of_a_failure_that_was_told_nothing_is_told_again(earlier: StandIn) -> None:
    """C38: the owner has had the mail; the day's comparison changes nothing."""
    made = attempt()
    earlier.pay(str(made.session_id))
    confirmation.settle_session(str(made.session_id))
    refund = refunds.refund(made.pk, 30, reason="x")
    earlier.settle_refund(str(refund.provider_id), "failed")
    made.refresh_from_db()
    assert refunds.sync(str(made.intent_id))
    before = list(OutboxMessage.objects.values_list("key", flat=True)), made.events.count()
    assert reconcile(today()).counts["failed_refunds"] == 1
    assert (list(OutboxMessage.objects.values_list("key", flat=True)), made.events.count()) == before
