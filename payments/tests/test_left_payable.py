"""What nobody planned to close, and what must not be closed: C5, C6, C41."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import drafts
from orders.drafts import Draft
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts, confirmation, expiry, gateway, leftovers, link_closing, link_payments, parameters
from payments.models import LinkPayment, PaymentAttempt
from payments.problems import PaymentServiceUnavailable
from payments.tests.stand_in import StandIn
from payments.tests.test_checkout import answer_lost, start
from payments.tests.test_closing import close_planned
from payments.tests.test_late_money import in_review
from payments.tests.test_payment_links import link

pytestmark = pytest.mark.django_db(transaction=True)


def statuses(stripe_api: StandIn) -> dict[str, str]:
    return {row["id"]: row["status"] for row in stripe_api.objects("checkout.session")}


def changed_and_killed(draft: Draft) -> None:
    """The edit is in Redis; who made it died before the task that closes the old page was in the outbox."""
    drafts.set_items(draft, [row | {"quantity": 5} for row in draft.items])
    OutboxMessage.objects.filter(task="payments.expire_attempts").delete()


def test_a_page_of_what_was_changed_is_closed_though_nobody_planned_to(stripe_api: StandIn) -> None:
    """C6, C41: long before its own end. What is as it was stays payable."""
    draft, other = visitors.complete(), visitors.complete("outra.jpg")
    changed, same = start(draft).order, start(other).order
    changed_and_killed(draft)
    assert leftovers.run() == 1
    for order in (changed, same):
        order.refresh_from_db()
    ends = [(order.state, order.attempts.get().state) for order in (changed, same)]
    assert ends == [("expired", "canceled"), ("pending", "pending")]
    assert statuses(stripe_api) == {
        changed.attempts.get().session_id: "expired",
        same.attempts.get().session_id: "open",
    }
    assert leftovers.run() == 0


def test_a_page_that_stripe_may_have_made_of_what_was_changed_is_closed_too(stripe_api: StandIn) -> None:
    """C6, C41: the answer never came, and then the edit's task neither."""
    draft = visitors.complete()
    answer_lost(stripe_api)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    changed_and_killed(draft)
    assert leftovers.run() == 1
    assert (PaymentAttempt.objects.get().state, list(statuses(stripe_api).values())) == ("canceled", ["expired"])


def test_a_reference_of_what_was_changed_is_not_asked_for_every_few_minutes(stripe_api: StandIn) -> None:
    """C6: it cannot be withdrawn; nor what a bank is still processing."""
    draft = visitors.complete()
    attempt = start(draft).order.attempts.get()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    changed_and_killed(draft)
    assert leftovers.run() == 0
    PaymentAttempt.objects.update(voucher=None)
    assert leftovers.run() == 0
    assert PaymentAttempt.objects.get().state == "pending"


def test_the_sweep_asks_the_database_as_often_for_many_open_pages_as_for_one() -> None:
    """And no more than a hundred of them a turn."""

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert leftovers.run() == 0
        return len(captured)

    def open_page(number: int) -> None:
        order = visitors.pending(f"{number}.jpg")
        PaymentAttempt.objects.create(order=order, method="checkout", amount_cents=70)

    open_page(0)
    one = queries()
    for number in (1, 2, 3):
        open_page(number)
    assert queries() == one == 4


def other_call_wins(patch: pytest.MonkeyPatch, opened: Callable[[Any], object]) -> None:
    """While the list is searched in vain, another call for the same attempt has got its page."""
    find = gateway.find_session

    def found_by_another(public_id: str, since: int) -> None:
        made = find(public_id, since)
        assert made is not None
        opened(made)

    patch.setattr(gateway, "find_session", found_by_another)


@pytest.fixture
def created(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> Draft:
    """An attempt whose page is at Stripe and not known here, about to be opened by two clicks at once."""
    draft = visitors.complete()
    answer_lost(stripe_api)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    attempt = PaymentAttempt.objects.get()
    parameters.forget(str(attempt.idempotency_key))
    other_call_wins(monkeypatch, lambda made: attempts.opened(attempt.pk, made))
    return draft


def test_a_page_opened_by_another_click_in_this_moment_is_the_page(created: Draft, stripe_api: StandIn) -> None:
    """C5: not canceled here while it is payable there."""
    started = start(created)
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, statuses(stripe_api)) == ("pending", {attempt.session_id: "open"})
    assert started.url == attempt.url == stripe_api.objects("checkout.session")[0]["url"]


def test_a_page_opened_by_another_click_in_this_moment_is_closed_with_what_was_changed(
    created: Draft, stripe_api: StandIn
) -> None:
    """C6."""
    drafts.set_items(created, [row | {"quantity": 5} for row in created.items])
    expiry.expire_attempts(created.id)
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.order.state) == ("canceled", "expired")
    assert statuses(stripe_api) == {attempt.session_id: "expired"}


@pytest.mark.parametrize("closed", [False, True])
def test_a_links_page_opened_by_another_click_in_this_moment_is_the_page(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    """C5; closed with its link."""
    made = link()
    payment = link_payments.start(made.pk, "", "pt")
    session_id = payment.session_id
    LinkPayment.objects.update(session_id=None, url="", state="created", expires_at="2020-01-01T00:00Z")
    other_call_wins(monkeypatch, lambda found: link_payments.opened(payment.pk, found))
    if closed:
        link_closing.close(made.pk)
        link_closing.end_pages(made.pk)
    else:
        monkeypatch.setattr("payments.at_stripe_links.lasting", lambda row: row.session_id is not None)
        assert link_payments.start(made.pk, "", "pt").session_id == session_id
    payment.refresh_from_db()
    assert payment.state == ("canceled" if closed else "pending")
    assert statuses(stripe_api) == {session_id: "expired" if closed else "open"}


def test_when_an_order_is_paid_its_other_page_is_closed(stripe_api: StandIn) -> None:
    """C5: here the first page was given up, at Stripe it was paid; nobody pays on the second as well."""
    draft = visitors.complete()
    first = start(draft).order.attempts.get()
    PaymentAttempt.objects.update(state="canceled")
    second = start(draft).order.attempts.get(state="pending")
    stripe_api.pay(str(first.session_id))
    confirmation.settle_session(str(first.session_id))
    close_planned()
    second.refresh_from_db()
    assert (second.state, second.order.state, second.order.payment_state) == ("canceled", "paid", "paid")
    assert statuses(stripe_api) == {first.session_id: "complete", second.session_id: "expired"}


def test_while_money_is_in_review_the_orders_other_page_is_closed(stripe_api: StandIn) -> None:
    """C5, C10."""
    first, second = in_review(stripe_api, visitors.complete())
    close_planned()
    second.refresh_from_db()
    assert (second.state, second.order.state, second.order.payment_state) == ("canceled", "pending", "review")
    assert statuses(stripe_api) == {first.session_id: "complete", second.session_id: "expired"}
