"""Refunds of payments by link, whole and in parts, from the admin and from Stripe's side: C32–C38, O5, O6."""

import dataclasses
import datetime
import re
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from outbox.models import OutboxMessage
from payments import facts, gateway, link_disputes, link_payments, link_refunds
from payments.models import LinkPayment, LinkRefund, WebhookEvent
from payments.problems import IdempotencyKeyReused, NotRefundable, OverRefund
from payments.reconciliation import unsettled
from payments.reconciliation.days import Day
from payments.reconciliation.run import reconcile
from payments.tests.stand_in import DISPUTED, StandIn, deliver
from payments.tests.test_payment_links import link, mails, paid, run_refunds
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment(stripe_api: StandIn) -> LinkPayment:
    """Fifty euros, paid."""
    return paid(stripe_api, link())


def desk(user: User | None = None) -> Client:
    client = Client(headers={"accept-language": "en"})
    owner = user or accounts.ensure_owner("dona@example.test", "a-long-pass-phrase")[0]
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


def press(client: Client, payment: LinkPayment, **fields: Any) -> str:
    form = {"amount": "12.50", "reason": "session cut short", "key": str(uuid.uuid4())} | fields
    answer = client.post(f"/admin/payments/linkpayment/{payment.pk}/refund/", form, follow=True)
    return answer.content.decode()


def sums(stripe_api: StandIn) -> list[int]:
    return sorted(row["amount"] for row in stripe_api.objects("refund"))


def test_a_part_then_the_rest_is_refunded_from_the_admin(payment: LinkPayment, stripe_api: StandIn) -> None:
    """O5, O6, C34: amount, reason and person are kept; the webhooks of our own refunds add no rows."""
    owner = desk()
    page = owner.get(f"/admin/payments/linkpayment/{payment.pk}/change/").content.decode()
    assert f'action="/admin/payments/linkpayment/{payment.pk}/refund/"' in page
    assert "on its way" in press(owner, payment)
    run_refunds()
    deliver(stripe_api.objects("event"))
    payment.refresh_from_db()
    assert (payment.refunded_cents, sums(stripe_api)) == (1250, [1250])
    row = LinkRefund.objects.get()
    assert (row.amount_cents, row.reason, row.state) == (1250, "session cut short", "succeeded")
    assert row.actor == User.objects.get(email="dona@example.test")
    owner.post("/admin/payments/linkpayment/", {"action": "refund", "_selected_action": [payment.pk]})
    run_refunds()
    deliver(stripe_api.objects("event"))
    payment.refresh_from_db()
    assert (payment.refunded_cents, sums(stripe_api)) == (5000, [1250, 3750])
    assert "more than is left" in press(owner, payment, amount="0.01")
    assert LinkRefund.objects.count() == 2
    page = owner.get(f"/admin/payments/linkpayment/{payment.pk}/change/").content.decode()
    assert "session cut short" in page


@pytest.mark.race
def test_of_two_refunds_of_sixty_percent_at_once_one_succeeds(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C32: fails without the row's lock."""
    results = together(2, lambda: link_refunds.refund(payment.pk, 3000, reason="x"))
    assert sorted(type(result).__name__ for result in results) == ["LinkRefund", "OverRefund"]
    run_refunds()
    assert sums(stripe_api) == [3000]


def test_the_same_form_sent_twice_is_one_refund(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C33."""
    owner, key = desk(), str(uuid.uuid4())
    press(owner, payment, key=key)
    press(owner, payment, key=key)
    assert LinkRefund.objects.count() == 1
    run_refunds()
    assert sums(stripe_api) == [1250]


def test_a_key_of_another_amount_reason_or_payment_is_refused(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C59: it is no repeated request, whatever else it is; "all that is left" is an amount of its own."""
    other = paid(stripe_api, link())
    link_refunds.refund(payment.pk, 700, reason="x", key="mine")
    rest = link_refunds.refund(payment.pk, reason="x", key="the rest")
    for payment_id, cents, reason, key in (
        (payment.pk, 701, "x", "mine"),
        (payment.pk, None, "x", "mine"),
        (payment.pk, 700, "y", "mine"),
        (payment.pk, 4300, "x", "the rest"),
        (other.pk, 700, "x", "mine"),
        (other.pk, None, "x", "the rest"),
    ):
        with pytest.raises(IdempotencyKeyReused):
            link_refunds.refund(payment_id, cents, reason=reason, key=key)
    assert link_refunds.refund(payment.pk, reason="x", key="the rest") == rest
    LinkRefund.objects.update(
        asked_all=None
    )  # noted by an earlier version: what it did not keep is not held against it
    assert [link_refunds.refund(payment.pk, cents, reason="y", key="mine").amount_cents for cents in (None, 700)] == [
        700
    ] * 2
    run_refunds()
    assert sums(stripe_api) == [700, 4300]


def test_a_refund_whose_answer_was_lost_is_found_at_stripe(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C33, C43: the task comes again, whether or not its key is still known there."""
    row = link_refunds.refund(payment.pk, 700, reason="x")
    run_refunds()
    LinkRefund.objects.update(state="created", provider_id=None, idempotency_key="another-day")
    link_refunds.send(row.pk)
    row.refresh_from_db()
    assert (row.state, sums(stripe_api)) == ("succeeded", [700])


def test_a_replayed_500_of_a_links_refund_that_was_never_made_gets_a_new_key(
    payment: LinkPayment, stripe_api: StandIn
) -> None:
    """C44: Stripe's list has no such refund, and its key would answer 500 for a day."""
    stripe_api.fail("500", path="/v1/refunds", method="POST", when="before")
    made = link_refunds.refund(payment.pk, 500, reason="x", key="mine")
    run_refunds()
    made.refresh_from_db()
    assert (made.state, len(stripe_api.objects("refund"))) == ("succeeded", 1)
    asked = [call["idempotency_key"] for call in stripe_api.calls("/v1/refunds", "POST")]
    assert (set(asked), asked[-1]) == ({"mine", "mine-2"}, "mine-2")


def test_a_refund_that_stripes_key_may_not_make_waits_and_is_sent_once(
    payment: LinkPayment, stripe_api: StandIn, settings: Any
) -> None:
    """C33: nobody is told to ask again; the task is tried until the key is right."""
    right, settings.STRIPE_SECRET_KEY = settings.STRIPE_SECRET_KEY, "wrong"
    assert "on its way" in press(desk(), payment)
    with pytest.raises(gateway.GatewayMisconfigured):
        run_refunds()
    assert (LinkRefund.objects.get().state, sums(stripe_api)) == ("created", [])
    settings.STRIPE_SECRET_KEY = right
    run_refunds()
    assert (LinkRefund.objects.get().state, sums(stripe_api)) == ("succeeded", [1250])


@pytest.mark.parametrize(("end", "refunded"), [("succeeded", 1250), ("failed", 0)])
def test_what_was_fetched_earlier_takes_nothing_back(
    payment: LinkPayment, stripe_api: StandIn, end: str, refunded: int
) -> None:
    """C38: of two processes the one that asked Stripe first is the last to get the lock."""
    stripe_api.faults(refund_status="pending")
    row = link_refunds.refund(payment.pk, 1250, reason="x")
    link_refunds.send(row.pk)
    (early,) = gateway.refunds_of(str(payment.intent_id))
    stripe_api.settle_refund(early.id, end)
    link_refunds.sync(str(payment.intent_id))
    for status in ("pending", "succeeded"):
        with transaction.atomic():
            link_refunds._book(payment, dataclasses.replace(early, status=status))
        row.refresh_from_db()
        payment.refresh_from_db()
        assert (early.status, row.state, payment.refunded_cents) == ("pending", end, refunded)


def age() -> None:
    LinkRefund.objects.update(created_at=timezone.now() - datetime.timedelta(days=3))


@pytest.mark.parametrize(("outcome", "refunded", "told"), [("succeeded", 1250, 0), ("failed", 0, 1)])
def test_reconciliation_settles_a_pending_refund_that_ended_late(
    payment: LinkPayment, stripe_api: StandIn, outcome: str, refunded: int, told: int
) -> None:
    """C38, C51, C52: its webhook was missed, and its day is over."""
    stripe_api.faults(refund_status="pending")
    row = link_refunds.refund(payment.pk, 1250, reason="x")
    run_refunds()
    row.refresh_from_db()
    stripe_api.settle_refund(str(row.provider_id), outcome)
    assert unsettled.link_refunds_open() == 0  # an hour is left to the webhook
    age()
    reconcile(Day(timezone.localdate() + datetime.timedelta(days=3)))
    row.refresh_from_db()
    payment.refresh_from_db()
    assert (row.state, payment.refunded_cents, mails().count("refund_failed")) == (outcome, refunded, told)


def test_reconciliation_sends_a_refund_whose_task_was_lost_once(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C43, C52: one that Stripe never heard of is sent; one that it has, under a key it forgot, is not."""
    rows = [link_refunds.refund(payment.pk, cents, reason="x") for cents in (700, 800)]
    link_refunds.send(rows[0].pk)
    LinkRefund.objects.filter(pk=rows[0].pk).update(state="created", provider_id=None, idempotency_key="forgotten")
    age()
    assert (unsettled.link_refunds_open(), unsettled.link_refunds_open()) == (2, 0)
    assert sums(stripe_api) == [700, 800]
    assert list(LinkRefund.objects.values_list("state", flat=True)) == ["succeeded"] * 2


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_reconciliation_learns_how_a_dispute_ended(stripe_api: StandIn, outcome: str) -> None:
    """C52, C40: the webhook of its end was missed; the owner is told."""
    disputed = paid(stripe_api, link(), card=DISPUTED)
    stripe_api.close_dispute(stripe_api.objects("dispute")[0]["id"], outcome)
    reconcile(Day(timezone.localdate() + datetime.timedelta(days=3)))
    disputed.refresh_from_db()
    assert (disputed.dispute, mails().count("dispute")) == (outcome, 2)
    assert unsettled.link_disputes_open() == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": "50.01"}, "more than is left"),
        ({"amount": "0"}, "How much goes back?"),
        ({"amount": ""}, "How much goes back?"),
        ({"reason": " "}, "Why is it refunded?"),
        ({"key": "x"}, "UUID"),
    ],
)
def test_what_cannot_be_refunded_is_said_and_nothing_is_written(
    payment: LinkPayment, stripe_api: StandIn, fields: dict[str, str], said: str
) -> None:
    assert said in press(desk(), payment, **fields)
    assert (LinkRefund.objects.count(), OutboxMessage.objects.filter(task="payments.refund_link").count()) == (0, 0)


def test_who_may_not_refund_cannot(payment: LinkPayment, stripe_api: StandIn) -> None:
    """O6: neither staff nor a GET; and no form is shown to them."""
    staff = desk(accounts.ensure_staff("staff@example.test", "a-long-pass-phrase")[0])
    form = {"amount": "1", "reason": "x", "key": str(uuid.uuid4())}
    address = f"/admin/payments/linkpayment/{payment.pk}/refund/"
    assert staff.post(address, form).status_code == 403
    assert desk().get(address).status_code == 405
    assert Client().post(address, form).status_code == 302
    assert address not in staff.get(f"/admin/payments/linkpayment/{payment.pk}/change/").content.decode()
    assert LinkRefund.objects.count() == 0


def test_only_a_confirmed_payment_is_refunded(stripe_api: StandIn) -> None:
    open_one = link_payments.start(link().pk, "", "pt")
    with pytest.raises(NotRefundable):
        link_refunds.refund(open_one.pk, 100, reason="x")
    assert LinkRefund.objects.count() == 0


def test_a_refund_made_in_the_dashboard_leaves_less(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C35–C37: booked once, with a row of its own, whichever event comes first."""
    stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 1000)
    for _twice in range(2):
        deliver(stripe_api.objects("event")[::-1])
    payment.refresh_from_db()
    assert (payment.refunded_cents, LinkRefund.objects.count()) == (1000, 1)
    with pytest.raises(OverRefund):
        link_refunds.refund(payment.pk, 4001, reason="x")
    assert link_refunds.refund(payment.pk, 4000, reason="x").amount_cents == 4000


def test_a_refund_that_failed_does_not_count_and_can_be_made_again(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C38: pending is not refunded; the owner learns of the failure, once."""
    stripe_api.faults(refund_status="pending")
    link_refunds.refund(payment.pk, 5000, reason="x")
    run_refunds()
    payment.refresh_from_db()
    assert (payment.refunded_cents, LinkRefund.objects.get().state) == (0, "pending")
    with pytest.raises(OverRefund):
        link_refunds.refund(payment.pk, 1, reason="x")
    stripe_api.settle_refund(stripe_api.objects("refund")[0]["id"], "failed")
    for _twice in range(2):
        deliver(stripe_api.objects("event"))
    payment.refresh_from_db()
    assert (payment.refunded_cents, LinkRefund.objects.get().state) == (0, "failed")
    assert mails().count("refund_failed") == 1
    stripe_api.behave()
    link_refunds.refund(payment.pk, 5000, reason="x")
    run_refunds()
    payment.refresh_from_db()
    assert payment.refunded_cents == 5000


def test_what_the_bank_took_back_is_not_left_to_be_refunded(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C32, C40: twelve euros were lost; the other thirty-eight may go back."""
    found = facts.Dispute("dp_1", "lost", "fraudulent", 1200, "EUR", str(payment.intent_id), payment.charge_id)
    assert link_disputes.apply(found)
    with pytest.raises(OverRefund):
        link_refunds.refund(payment.pk, 3801, reason="x")
    link_refunds.refund(payment.pk, reason="x")
    run_refunds()
    assert sums(stripe_api) == [3800]
    with pytest.raises(OverRefund):
        link_refunds.refund(payment.pk, reason="x")


def test_a_single_cent_goes_back_and_nothing_less(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C32."""
    link_refunds.refund(payment.pk, 1, reason="x")
    for cents in (0, -1):
        with pytest.raises(OverRefund):
            link_refunds.refund(payment.pk, cents, reason="x")
    run_refunds()
    assert (LinkRefund.objects.count(), sums(stripe_api)) == (1, [1])


def test_a_refund_that_stripe_refuses_is_told_to_the_owner_once(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C38: most of it went back in the dashboard, and the shop has not heard of it yet."""
    stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 4000)
    row = link_refunds.refund(payment.pk, 2000, reason="x")
    run_refunds()
    row.refresh_from_db()
    assert (row.state, row.provider_id, sums(stripe_api)) == ("failed", None, [4000])
    assert (mails().count("refund_failed"), mails().count("refunded")) == (1, 0)


def test_what_stripe_tells_of_a_links_refund_is_the_shops(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C35, C36: the inbox has each of its events as processed, not as somebody else's."""
    stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 1000)
    deliver(stripe_api.objects("event"))
    told = WebhookEvent.objects.filter(type__in=["charge.refunded", "refund.created"]).order_by("type")
    assert list(told.values_list("type", "state")) == [
        ("charge.refunded", "processed"),
        ("refund.created", "processed"),
    ]


def test_the_form_is_labelled_and_has_one_name_a_field(payment: LinkPayment, stripe_api: StandIn) -> None:
    page = desk().get(f"/admin/payments/linkpayment/{payment.pk}/change/").content.decode()
    section = page[page.index('aria-labelledby="refund-title"') :]
    fields = re.findall(r'<input[^>]*id="(id_(?:amount|reason))"', section)
    assert fields == ["id_amount", "id_reason"]
    for field in fields:
        assert page.count(f'for="{field}"') == 1
        assert page.count(f'id="{field}"') == 1
