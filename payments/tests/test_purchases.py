"""One draft is one purchase, whatever versions of it get paid, in whatever order: C6, C11, C60, C66."""

import itertools
import os
import time
from typing import Any

import pytest

from local import services
from orders import drafts
from orders import emails as customer_emails
from orders import services as order_services
from orders.drafts import Draft
from orders.models import Order
from orders.problems import DraftOrdered
from orders.services import InvalidTransition
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts, confirmation, emails, expiry, purchases, review, tasks
from payments.checkout import start_checkout
from payments.models import PaymentAttempt
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_confirmation import fulfilled, planned
from payments.tests.together import together
from uploads import stash

pytestmark = pytest.mark.django_db(transaction=True)


def versions(filename: str = "praia.jpg") -> tuple[PaymentAttempt, PaymentAttempt]:
    """Two versions of one draft, both at Stripe's page: the task that closes the old one has not run."""
    draft = visitors.complete(filename)
    old = start_checkout(draft, language="pt", terms=True).order
    new = start_checkout(changed(draft), language="pt", terms=True).order
    assert (old.pk != new.pk, old.total_cents, new.total_cents) == (True, 70, 175)
    return old.attempts.get(), new.attempts.get()


def changed(draft: Draft) -> Draft:
    (photo,) = stash.photos(draft.id)
    return drafts.set_items(draft, [visitors.row(photo, 5)])


def pay(stripe_api: StandIn, attempt: PaymentAttempt, **how: Any) -> PaymentAttempt:
    stripe_api.pay(str(attempt.session_id), **how)
    confirmation.settle_session(str(attempt.session_id))
    return fresh(attempt)


def fresh(attempt: PaymentAttempt) -> PaymentAttempt:
    return PaymentAttempt.objects.select_related("order").get(pk=attempt.pk)


def give_back() -> None:
    for message in OutboxMessage.objects.filter(task="payments.give_back"):
        tasks.give_back(message.pk)


def planned_mails(kind: str) -> list[str]:
    rows = OutboxMessage.objects.filter(queue="mail", payload__kind__startswith=kind)
    return sorted(row.key for row in rows)


def states(*all_attempts: PaymentAttempt) -> list[tuple[str, str, int]]:
    found = [fresh(attempt) for attempt in all_attempts]
    return [(attempt.order.state, attempt.order.payment_state, attempt.refunded_cents) for attempt in found]


def test_money_for_the_old_version_after_the_new_one_was_paid_goes_back(stripe_api: StandIn) -> None:
    """C11: one purchase; nothing of the old version is stored or mailed; owner and customer are told once."""
    old, new = versions()
    pay(stripe_api, new)
    old = pay(stripe_api, old)
    for _again in range(2):
        confirmation.settle_session(str(old.session_id))
        give_back()
    assert states(old, new) == [("expired", "refunded", 70), ("paid", "paid", 0)]
    assert fulfilled(old.order) == []
    assert [row["amount"] for row in stripe_api.objects("refund")] == [70]
    assert planned_mails("returned") == [f"email-owner:{old.public_id}:returned"]
    assert planned_mails("paid_twice") == [f"email-customer:{new.order.number}:paid_twice:{old.public_id}"]
    assert old.events.get(kind="unwanted").why == f"order pending, unpaid; {new.order.number} was bought"


def test_another_sum_for_the_old_version_goes_back_too(stripe_api: StandIn) -> None:
    """C10, C11: there is nothing to review where nothing can be accepted."""
    old, new = versions()
    pay(stripe_api, new)
    Order.objects.filter(pk=old.order_id).update(total_cents=71, items_cents=71)
    pay(stripe_api, old)
    give_back()
    assert states(old, new) == [("expired", "refunded", 70), ("paid", "paid", 0)]
    assert planned_mails("review") == []


def test_the_old_version_paid_first_stands_and_the_new_one_can_no_longer_be_paid(stripe_api: StandIn) -> None:
    """C66: what was paid for was what was frozen then; the newer page is closed, here and at Stripe."""
    old, new = versions()
    pay(stripe_api, old)
    assert fulfilled(fresh(old).order) == planned(old.order)
    rows = OutboxMessage.objects.filter(task="payments.expire_attempts", key__contains=old.order.number)
    assert [row.payload for row in rows] == [{"order_id": old.order_id, "draft_id": old.order.draft_id}]
    expiry.expire_attempts(old.order.draft_id)
    assert states(old, new) == [("paid", "paid", 0), ("expired", "unpaid", 0)]
    assert fresh(new).state == "canceled"
    by_id = {row["id"]: row["status"] for row in stripe_api.objects("checkout.session")}
    assert by_id == {old.session_id: "complete", new.session_id: "expired"}
    assert stripe_api.objects("refund") == []


def test_the_new_version_paid_after_the_old_one_goes_back(stripe_api: StandIn) -> None:
    """C11: its page was still open when the old version was paid."""
    old, new = versions()
    pay(stripe_api, old)
    pay(stripe_api, new)
    give_back()
    assert states(old, new) == [("paid", "paid", 0), ("expired", "refunded", 175)]
    assert fulfilled(new.order) == []


@pytest.mark.race
def test_of_two_versions_paid_at_once_one_is_bought(stripe_api: StandIn) -> None:
    """C11: four times, ten confirmations each; one order is fulfilled, the other's money goes back."""
    for number in range(4):
        old, new = versions(filename=f"{number}.jpg")
        for attempt in (old, new):
            stripe_api.pay(str(attempt.session_id))
        turns = itertools.cycle([str(old.session_id), str(new.session_id)])
        results = together(10, lambda turns=turns: confirmation.settle_session(next(turns)))  # type: ignore[misc]  # mypy does not infer a lambda with a default
        assert not [result for result in results if isinstance(result, Exception)]
        give_back()
        first, second = sorted(states(old, new))
        assert (first[:2], second) == (("expired", "refunded"), ("paid", "paid", 0))
        assert first[2] in (70, 175)


@pytest.mark.race
def test_with_redis_emptied_two_versions_paid_at_once_are_still_one_purchase(stripe_api: StandIn) -> None:
    """C60: PostgreSQL's rows decide; whom the money is from and which keys were used is not Redis' to know."""
    old, new = versions()
    keys = {str(attempt.idempotency_key) for attempt in (old, new)}
    for attempt in (old, new):
        stripe_api.pay(str(attempt.session_id))
    services.empty_database(os.environ["REDIS_URL"])
    turns = itertools.cycle([str(old.session_id), str(new.session_id)])
    results = together(10, lambda: confirmation.settle_session(next(turns)))
    assert not [result for result in results if isinstance(result, Exception)]
    give_back()
    give_back()
    first, second = sorted(states(old, new))
    assert (first[:2], second) == (("expired", "refunded"), ("needs_photos", "paid", 0))
    assert {str(fresh(attempt).idempotency_key) for attempt in (old, new)} == keys
    assert len(stripe_api.objects("refund")) == 1
    assert Order.objects.get(paid_at__isnull=False).email == "maria@example.test"


@pytest.mark.race
def test_without_the_lock_both_versions_would_be_bought(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """What purchases.lock is for: with the lock of the one order alone, neither sees the other."""
    old, new = versions()
    for attempt in (old, new):
        stripe_api.pay(str(attempt.session_id))

    def only_its_own(attempt_id: int) -> tuple[Order, PaymentAttempt]:
        return attempts.lock(attempt_id)

    def slowly(order: Order) -> Order | None:
        found = purchases._others(order).filter(paid_at__isnull=False).first()
        time.sleep(0.5)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(purchases, "bought", slowly)
        patched.setattr(purchases, "lock", only_its_own)
        sessions = iter([str(old.session_id), str(new.session_id)])
        together(2, lambda: confirmation.settle_session(next(sessions)))
    assert [state for state, _payment, _refunded in states(old, new)] == ["paid", "paid"]


def test_money_while_the_other_version_is_in_review_waits_for_the_owner(stripe_api: StandIn) -> None:
    """C10, C11: the owner accepts one; the other can then only be refunded."""
    old, new = versions()
    Order.objects.filter(pk=new.order_id).update(total_cents=176, items_cents=176)
    pay(stripe_api, new)
    pay(stripe_api, old)
    assert states(old, new) == [("pending", "review", 0), ("pending", "review", 0)]
    assert fulfilled(old.order) + fulfilled(new.order) == []
    assert planned_mails("review_versions") == [f"email-owner:{old.public_id}:review_versions"]
    review.accept(old.pk)
    assert fulfilled(fresh(old).order) == planned(old.order)
    with pytest.raises(InvalidTransition):
        review.accept(new.pk)
    assert (fresh(new).order.paid_at, fulfilled(new.order)) == (None, [])
    assert states(old, new) == [("paid", "paid", 0), ("pending", "review", 0)]


def test_a_version_of_what_was_bought_gets_no_new_page(stripe_api: StandIn) -> None:
    """C5, C66: also where Redis never learned that the draft is over."""
    old, new = versions()
    pay(stripe_api, old)
    PaymentAttempt.objects.filter(pk=new.pk).update(state="canceled")
    drafts.update(old.order.draft_id, lambda newest: setattr(newest, "ordered", ""))
    draft = drafts.get(old.order.draft_id)
    assert draft is not None
    before = len(stripe_api.objects("checkout.session"))
    with pytest.raises(DraftOrdered):
        start_checkout(draft, language="pt", terms=True)
    assert len(stripe_api.objects("checkout.session")) == before


def test_money_for_a_version_after_the_bought_one_was_cancelled_goes_back(stripe_api: StandIn) -> None:
    """C11: a purchase that was called off is not revived by an old page."""
    old, new = versions()
    paid = pay(stripe_api, new)
    order_services.cancel_for_customer(paid.order)
    pay(stripe_api, old)
    give_back()
    assert states(old)[0] == ("expired", "refunded", 70)


def test_an_old_reference_is_named_once_and_not_to_be_paid(stripe_api: StandIn) -> None:
    """C6: a voucher cannot be withdrawn: its customer is told; paid all the same, it stands as it was frozen."""
    draft = visitors.complete()
    old = start_checkout(draft, language="pt", terms=True).order.attempts.get()
    stripe_api.pay(str(old.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    expiry.expire_attempts(draft.id)
    assert planned_mails("voucher_replaced") == []  # nothing was changed
    changed(draft)
    expiry.expire_attempts(draft.id)
    expiry.expire_attempts(draft.id)
    old = fresh(old)
    assert planned_mails("voucher_replaced") == [f"email-customer:{old.order.number}:voucher_replaced:{old.public_id}"]
    mail = customer_emails.customer_mail(old.order, f"voucher_replaced:{old.pk}", "<x@y>")
    assert old.voucher is not None
    assert (mail.to, old.voucher["reference"] in mail.text) == ("maria@example.test", True)
    stripe_api.answer_intent(str(old.intent_id), "complete")
    confirmation.settle_session(str(old.session_id))
    assert states(old) == [("paid", "paid", 0)]


@pytest.mark.parametrize(
    ("kind", "words"), [("returned", "reembolsa este pagamento"), ("review_versions", "reembolse a outra")]
)
def test_the_owners_mail_about_versions_says_what_to_do(
    stripe_api: StandIn, mailoutbox: Any, kind: str, words: str
) -> None:
    old, _new = versions()
    late = pay(stripe_api, old)
    emails.email_owner(late.pk, kind)
    assert words in mailoutbox[0].body
    assert late.order.number in mailoutbox[0].subject
    assert "0.70 EUR" in mailoutbox[0].body
    assert "Maria" not in mailoutbox[0].body
