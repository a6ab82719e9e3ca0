"""Refunds and disputes against the stand-in: C32–C38, C40."""

import dataclasses
import datetime
import time
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from orders.models import Order
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import attempts, books, confirmation, emails, facts, gateway, refund_request, refunds
from payments.checkout import start_checkout
from payments.models import Dispute, PaymentAttempt, Refund
from payments.problems import IdempotencyKeyReused, NotRefundable, OverRefund
from payments.tests.stand_in import DISPUTED, StandIn, deliver
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paid(stripe_api: StandIn) -> PaymentAttempt:
    """A paid order of 70 cents, its events not delivered."""
    return pay(stripe_api)


def pay(stripe_api: StandIn, **how: Any) -> PaymentAttempt:
    started = start_checkout(visitors.complete(), language="pt", terms=True)
    session_id = str(started.order.attempts.get().session_id)
    stripe_api.pay(session_id, **how)
    attempt = confirmation.settle_session(session_id)
    assert attempt is not None
    attempt.refresh_from_db()
    return attempt


def test_a_part_then_the_rest_is_refunded(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C34: the webhooks of our own refunds add no rows."""
    owner = User.objects.create_user("dona@example.test", "a long password")
    refunds.refund(paid.pk, 30, reason="uma folha riscada", actor=owner)
    paid.refresh_from_db()
    assert (paid.refunded_cents, paid.order.payment_state) == (30, "partly_refunded")
    refunds.refund(paid.pk, reason="o resto", actor=owner)
    deliver(stripe_api.objects("event"))
    paid.refresh_from_db()
    paid.order.refresh_from_db()
    assert (paid.refunded_cents, paid.order.payment_state) == (70, "refunded")
    rows = Refund.objects.values_list("amount_cents", "state", "reason", "actor")
    assert list(rows) == [(30, "succeeded", "uma folha riscada", owner.pk), (40, "succeeded", "o resto", owner.pk)]
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [30, 40]
    assert not OutboxMessage.objects.filter(payload__kind="refunded_at_stripe").exists()


@pytest.mark.race
def test_of_two_refunds_of_sixty_percent_at_once_one_succeeds(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C32."""
    results = together(2, lambda: refunds.refund(paid.pk, 42, reason="x"))
    assert sorted(type(result).__name__ for result in results) == ["OverRefund", "Refund"]
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [42]


@pytest.mark.race
def test_without_the_lock_two_refunds_of_sixty_percent_would_be_planned(
    paid: PaymentAttempt, stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C32: what the lock is for. Two requests that both read what is left before either writes; only Stripe's own check
    is left then."""
    left = refunds.left

    def unlocked(attempt_id: int, order_id: int | None = None) -> tuple[Order, PaymentAttempt]:
        found = PaymentAttempt.objects.select_related("order").get(pk=attempt_id)
        return found.order, found

    def slowly(attempt: PaymentAttempt) -> int:
        found = left(attempt)
        time.sleep(0.5)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(attempts, "lock", unlocked)
        patched.setattr(refunds, "left", slowly)
        results = together(2, lambda: refunds.refund(paid.pk, 42, reason="x"))
    assert [type(result).__name__ for result in results] == ["Refund", "Refund"]
    assert list(Refund.objects.values_list("amount_cents", flat=True)) == [42, 42]


@pytest.mark.parametrize("amount", [0, -1, 71])
def test_more_than_was_received_or_nothing_is_refused(paid: PaymentAttempt, stripe_api: StandIn, amount: int) -> None:
    """O5."""
    with pytest.raises(OverRefund):
        refunds.refund(paid.pk, amount, reason="x")
    assert (Refund.objects.count(), stripe_api.objects("refund")) == (0, [])


def test_an_unpaid_attempt_cannot_be_refunded(stripe_api: StandIn) -> None:
    attempt = start_checkout(visitors.complete(), language="pt", terms=True).order.attempts.get()
    with pytest.raises(NotRefundable):
        refunds.refund(attempt.pk, 10, reason="x")


def test_a_refund_repeated_after_a_timeout_is_one_refund(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C33: the answer was lost; the outbox sends it again with the same key."""
    stripe_api.fail("reset", path="/v1/refunds", when="after")
    stripe_api.fail("reset", path="/v1/refunds", when="before", times=2)
    made = refunds.refund(paid.pk, 30, reason="x")
    assert made.state == "created"
    assert OutboxMessage.objects.filter(task="payments.send_refund").count() == 1
    refunds.send(made.pk)
    refunds.send(made.pk)
    made.refresh_from_db()
    assert (made.state, len(stripe_api.objects("refund"))) == ("succeeded", 1)


@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_refund_that_stripes_key_may_not_make_waits_and_is_sent_once(
    paid: PaymentAttempt, stripe_api: StandIn, settings: Any, key: str
) -> None:
    """C33: a key that was rolled. Nobody is told to ask again; what was asked for goes out when the key is right."""
    right, settings.STRIPE_SECRET_KEY = settings.STRIPE_SECRET_KEY, key
    made = refunds.refund(paid.pk, 30, reason="x")
    assert (made.state, stripe_api.objects("refund")) == ("created", [])
    with pytest.raises(gateway.GatewayMisconfigured):
        refunds.send(made.pk)  # the outbox tries it again later
    settings.STRIPE_SECRET_KEY = right
    message = OutboxMessage.objects.get(task="payments.send_refund")
    refunds.send(message.payload["refund_id"])
    made.refresh_from_db()
    assert (made.state, [refund["amount"] for refund in stripe_api.objects("refund")]) == ("succeeded", [30])


def test_a_refund_older_than_its_key_is_looked_for_before_it_is_sent(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C43: Stripe has forgotten the key of a refund whose answer was lost, and would make a second one."""
    lost, other = (refunds.refund(paid.pk, cents, reason="x") for cents in (20, 30))
    stripe_api.fail("reset", path="/v1/refunds", times=3)
    unsent = refunds.refund(paid.pk, 10, reason="never reached Stripe")
    stripe_api.behave()
    yesterday = timezone.now() - datetime.timedelta(hours=25)
    for row in (lost, other, unsent):
        forgotten = {"provider_id": None, "state": "created", "idempotency_key": f"forgotten-{row.pk}"}
        Refund.objects.filter(pk=row.pk).update(created_at=yesterday, **forgotten)
    for row in (lost, other, unsent):
        refunds.send(row.pk)
    assert sorted(refund["amount"] for refund in stripe_api.objects("refund")) == [10, 20, 30]
    assert list(Refund.objects.values_list("state", flat=True)) == ["succeeded"] * 3


def test_a_replayed_500_of_a_refund_is_looked_up(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C44: the key answers 500 for good although the refund was made."""
    stripe_api.fail("500", path="/v1/refunds", method="POST", when="after")
    made = refunds.refund(paid.pk, 30, reason="x")
    assert (made.state, len(stripe_api.objects("refund"))) == ("succeeded", 1)


def test_a_replayed_500_of_a_refund_that_was_never_made_gets_a_new_key(
    paid: PaymentAttempt, stripe_api: StandIn
) -> None:
    """C44: Stripe's list has no such refund, and its key would answer 500 for a day. The caller's own key stays."""
    stripe_api.fail("500", path="/v1/refunds", method="POST", when="before")
    made = refunds.refund(paid.pk, 30, reason="x", key="mine")
    assert (made.state, made.idempotency_key, len(stripe_api.objects("refund"))) == ("succeeded", "mine", 1)
    asked = [call["idempotency_key"] for call in stripe_api.calls("/v1/refunds", "POST")]
    assert (set(asked), asked[-1]) == ({"mine", "mine-2"}, "mine-2")


def test_the_keys_of_a_refund_are_a_fixed_row_of_fifty() -> None:
    """C44: whoever asks again after a crash uses the same ones in the same order."""
    assert list(refund_request._keys("k")) == ["k", *(f"k-{number}" for number in range(2, 51))]


def test_a_new_key_is_used_again_when_its_answer_is_lost(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C43, C44: a second refund would be made by a third key."""
    stripe_api.fail("500", path="/v1/refunds", method="POST", when="before")
    stripe_api.fail("reset", path="/v1/refunds", method="POST", when="after", times=2)
    unsure = refunds.refund(paid.pk, 30, reason="x", key="mine")
    stripe_api.behave()
    refunds.send(unsure.pk)
    unsure.refresh_from_db()
    assert (unsure.state, len(stripe_api.objects("refund"))) == ("succeeded", 1)


@pytest.mark.parametrize("reason", ["x", "longer than its column " * 20])
def test_the_same_key_again_is_the_same_refund(paid: PaymentAttempt, stripe_api: StandIn, reason: str) -> None:
    """C33: the caller repeats its request."""
    first, second = (refunds.refund(paid.pk, 30, reason=reason, key="mine") for _unused in range(2))
    assert (first.pk, len(stripe_api.objects("refund"))) == (second.pk, 1)


def test_a_key_of_another_amount_reason_or_payment_is_refused(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C59: it is no repeated request, whatever else it is; "all that is left" is an amount of its own."""
    other = pay(stripe_api)
    refunds.refund(paid.pk, 30, reason="x", key="mine")
    refunds.refund(paid.pk, reason="x", key="the rest")
    for attempt_id, cents, reason, key in (
        (paid.pk, 31, "x", "mine"),
        (paid.pk, None, "x", "mine"),
        (paid.pk, 30, "y", "mine"),
        (paid.pk, 40, "x", "the rest"),
        (other.pk, 30, "x", "mine"),
        (other.pk, None, "x", "the rest"),
    ):
        with pytest.raises(IdempotencyKeyReused):
            refunds.refund(attempt_id, cents, reason=reason, key=key)
    assert refunds.refund(paid.pk, reason="x", key="the rest").amount_cents == 40
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [30, 40]


def test_a_key_noted_by_an_earlier_version_fits_its_amount_and_all_that_is_left(
    paid: PaymentAttempt, stripe_api: StandIn
) -> None:
    """C33: what it did not keep is not held against the caller."""
    made = refunds.refund(paid.pk, 70, reason="x", key="mine")
    Refund.objects.update(asked_all=None)
    assert [refunds.refund(paid.pk, cents, reason="y", key="mine").pk for cents in (None, 70)] == [made.pk] * 2
    with pytest.raises(IdempotencyKeyReused):
        refunds.refund(paid.pk, 69, reason="y", key="mine")
    assert len(stripe_api.objects("refund")) == 1


@pytest.mark.parametrize(
    "told",
    [
        ["charge.refunded"],
        ["refund.created"],
        ["charge.refund.updated"],
        ["charge.refunded", "refund.created"],
        ["refund.created", "charge.refunded"],
    ],
)
def test_a_refund_made_in_the_dashboard_reaches_the_books_once(
    paid: PaymentAttempt, stripe_api: StandIn, told: list[str]
) -> None:
    """C35–C37: by each of its events alone, and whichever comes first."""
    known = {row["id"] for row in stripe_api.objects("event")}
    stripe_api.dashboard_refund(paid.charge_id, 25)
    events = {row["type"]: row for row in stripe_api.objects("event") if row["id"] not in known}
    deliver([events[kind] for kind in told])
    paid.refresh_from_db()
    assert (paid.refunded_cents, Refund.objects.count(), paid.order.payment_state) == (25, 1, "partly_refunded")
    assert OutboxMessage.objects.filter(payload__kind__startswith="refunded:").count() == 1
    assert OutboxMessage.objects.filter(payload__kind="refunded_at_stripe", task="payments.email_owner").count() == 1


def test_a_pending_refund_counts_only_when_it_arrived_and_a_failed_one_not_at_all(
    paid: PaymentAttempt, stripe_api: StandIn
) -> None:
    """C38: the owner learns of the failure."""
    stripe_api.faults(refund_status="pending")
    made = refunds.refund(paid.pk, 30, reason="x")
    paid.refresh_from_db()
    assert (made.state, paid.refunded_cents, paid.order.payment_state) == ("pending", 0, "paid")
    with pytest.raises(OverRefund):
        refunds.refund(paid.pk, 41, reason="reserved")
    stripe_api.settle_refund(str(made.provider_id), "failed")
    refunds.apply(gateway.retrieve_refund(str(made.provider_id)))
    made.refresh_from_db()
    paid.refresh_from_db()
    assert (made.state, paid.refunded_cents, paid.order.payment_state) == ("failed", 0, "paid")
    assert OutboxMessage.objects.filter(payload__kind="refund_failed").count() == 1


@pytest.mark.parametrize(("end", "refunded"), [("succeeded", 30), ("failed", 0)])
def test_what_was_fetched_earlier_takes_nothing_back(
    paid: PaymentAttempt, stripe_api: StandIn, end: str, refunded: int
) -> None:
    """C18, C38: of two processes the one that asked Stripe first is the last to get the lock."""
    stripe_api.faults(refund_status="pending")
    made = refunds.refund(paid.pk, 30, reason="x")
    early = gateway.retrieve_refund(str(made.provider_id))
    stripe_api.settle_refund(str(made.provider_id), end)
    refunds.sync(str(paid.intent_id))
    for status in ("pending", "succeeded"):
        refunds.apply(dataclasses.replace(early, status=status))
        made.refresh_from_db()
        paid.refresh_from_db()
        assert (early.status, made.state, paid.refunded_cents) == ("pending", end, refunded)
        assert made.settled_at is not None
    assert OutboxMessage.objects.filter(payload__kind="refund_failed").count() == (end == "failed")


def test_stripes_word_counts_for_a_refund_that_was_taken_for_failed(paid: PaymentAttempt, stripe_api: StandIn) -> None:
    """C38: the shop never learned its id; Stripe has it all the same."""
    made = refunds.refund(paid.pk, 30, reason="x")
    Refund.objects.filter(pk=made.pk).update(state="failed", provider_id=None)
    refunds.sync(str(paid.intent_id))
    made.refresh_from_db()
    assert (made.state, Refund.objects.count()) == ("succeeded", 1)


@pytest.mark.parametrize(("outcome", "after"), [("won", "paid"), ("lost", "refunded")])
def test_a_dispute_moves_the_payment_state_and_tells_the_owner(stripe_api: StandIn, outcome: str, after: str) -> None:
    """C40."""
    disputed = pay(stripe_api, card=DISPUTED)
    (found,) = stripe_api.objects("dispute")
    books.apply_dispute(gateway.retrieve_dispute(found["id"]))
    disputed.order.refresh_from_db()
    assert disputed.order.payment_state == "disputed"
    stripe_api.close_dispute(found["id"], outcome)
    for _twice in range(2):
        books.apply_dispute(gateway.retrieve_dispute(found["id"]))
    disputed.order.refresh_from_db()
    assert (disputed.order.payment_state, Dispute.objects.get().status) == (after, outcome)
    assert OutboxMessage.objects.filter(payload__kind="dispute").count() == 2
    noted = disputed.events.filter(kind__startswith="dispute").order_by("pk").values_list("kind", flat=True)
    assert list(noted) == ["dispute_needs_response", f"dispute_{outcome}"]


@pytest.mark.parametrize(("end", "after"), [("won", "paid"), ("lost", "refunded"), ("warning_closed", "paid")])
def test_a_dispute_that_was_fetched_earlier_opens_nothing_again(stripe_api: StandIn, end: str, after: str) -> None:
    """C18, C40: of two processes the one that asked Stripe first is the last to get the lock."""
    disputed = pay(stripe_api, card=DISPUTED)
    early = gateway.retrieve_dispute(stripe_api.objects("dispute")[0]["id"])
    assert early.status == "needs_response"
    for found in (dataclasses.replace(early, status=end), early):
        books.apply_dispute(found)
        disputed.order.refresh_from_db()
        assert (Dispute.objects.get().status, disputed.order.payment_state) == (end, after)
    assert list(disputed.events.filter(kind__startswith="dispute").values_list("kind", flat=True)) == [f"dispute_{end}"]
    assert OutboxMessage.objects.filter(payload__kind="dispute").count() == 1


@pytest.mark.parametrize(("refunded", "lost"), [(0, 70), (25, 45), (0, 30), (25, 30)])
def test_what_the_bank_took_back_is_not_left_to_be_refunded(
    paid: PaymentAttempt, stripe_api: StandIn, refunded: int, lost: int
) -> None:
    """C32, C40: of the whole sum, of the rest of it or of a part; what then is left goes back, and no cent more is asked for."""
    if refunded:
        refunds.refund(paid.pk, refunded, reason="x")
    books.apply_dispute(facts.Dispute("dp_1", "lost", "fraudulent", lost, "EUR", str(paid.intent_id), paid.charge_id))
    rest = 70 - refunded - lost
    with pytest.raises(OverRefund):
        refunds.refund(paid.pk, rest + 1, reason="y")
    if rest:
        assert (refunds.refund(paid.pk, reason="y").amount_cents, refunds.left(paid)) == (rest, 0)
    else:
        with pytest.raises(OverRefund):
            refunds.refund(paid.pk, reason="y")
    assert [row["amount"] for row in stripe_api.objects("refund")] == [cents for cents in (refunded, rest) if cents]
    paid.order.refresh_from_db()
    assert paid.order.payment_state == "refunded"
    assert not OutboxMessage.objects.filter(payload__kind="refund_failed").exists()


def test_an_order_with_one_cent_left_is_only_partly_refunded(paid: PaymentAttempt) -> None:
    """C39: 69 of 70 cents went back."""
    refunds.refund(paid.pk, 69, reason="x")
    paid.order.refresh_from_db()
    assert paid.order.payment_state == "partly_refunded"


def test_the_owner_reads_of_a_refund_made_at_stripe(paid: PaymentAttempt, mailoutbox: Any) -> None:
    """C35: somebody else with access to the dashboard may have made it."""
    emails.email_owner(paid.pk, "refunded_at_stripe", "ref_1")
    assert mailoutbox[0].subject == f"Reembolsada na Stripe: encomenda {paid.order.number}"
    assert "foi reembolsado no painel da Stripe" in mailoutbox[0].body
    assert "Maria" not in mailoutbox[0].body
