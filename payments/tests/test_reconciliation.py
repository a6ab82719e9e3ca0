"""The day's books against the stand-in's: C23, C25, C51–C55."""

import dataclasses
import datetime
import html
import io
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from orders.models import Order, OrderEvent
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import gateway, metrics, refunds
from payments.checkout import start_checkout
from payments.models import BalanceTransaction, Discrepancy, Dispute, PaymentAttempt, Payout, Refund
from payments.reconciliation import balance, days, endpoint, unsettled
from payments.reconciliation.days import Day
from payments.reconciliation.mail import email_discrepancies
from payments.reconciliation.run import reconcile
from payments.tests.reconciling import found, movement_arrives, today
from payments.tests.stand_in import DISPUTED, StandIn, deliver

pytestmark = pytest.mark.django_db(transaction=True)
KEY = {"Authorization": "Bearer sk_test_sandbox"}


@pytest.fixture(autouse=True)
def endpoint_of_the_shop(stripe_api: StandIn) -> None:
    """The stand-in of the tests knows the shop's endpoint."""
    assert endpoint.check() is True
    assert Discrepancy.objects.count() == 0


def attempt() -> PaymentAttempt:
    return start_checkout(visitors.complete(), language="pt", terms=True).order.attempts.get()


def paid(stripe_api: StandIn, **how: Any) -> PaymentAttempt:
    """Paid at Stripe; no event reached the shop."""
    made = attempt()
    stripe_api.pay(str(made.session_id), **how)
    return made


def old(**filters: Any) -> None:
    PaymentAttempt.objects.filter(**filters).update(created_at=timezone.now() - datetime.timedelta(hours=3))


def books() -> list[tuple[Any, ...]]:
    """Everything that money did, without ids and times."""
    rows = PaymentAttempt.objects.order_by("pk")
    return [
        (
            row.state,
            row.received_cents,
            row.refunded_cents,
            row.order.state,
            row.order.payment_state,
            row.order.email,
            sorted(row.refunds.values_list("amount_cents", "state")),
            sorted(row.disputes.values_list("amount_cents", "status")),
            sorted(row.balance_transactions.values_list("kind", "amount_cents", "fee_cents")),
            sorted(OrderEvent.objects.filter(order=row.order, kind="paid").values_list("to_state", flat=True)),
            OutboxMessage.objects.filter(key=f"store:{row.order.number}").count(),
        )
        for row in rows
    ]


def a_days_trade(stripe_api: StandIn) -> None:
    """Paid, declined, expired, refunded in the dashboard, disputed and lost, a voucher, and a page left open."""
    paid(stripe_api)
    stripe_api.pay(str(attempt().session_id), card="4000000000000002")
    stripe_api.expire(str(attempt().session_id))
    paid(stripe_api)
    stripe_api.dashboard_refund(stripe_api.objects("charge")[-1]["id"], 30)
    paid(stripe_api, card=DISPUTED)
    stripe_api.close_dispute(stripe_api.objects("dispute")[-1]["id"], "lost")
    paid(stripe_api, method="multibanco")
    attempt()


def test_a_day_with_every_webhook_dropped_ends_as_with_webhooks(stripe_api: StandIn) -> None:
    """C51: the same trade twice, once with each event delivered, once with none; then one run each."""
    a_days_trade(stripe_api)
    deliver(stripe_api.objects("event"))
    reconcile(today())
    with_webhooks = books()
    stripe_api.faults(webhook_drop=True)
    known = PaymentAttempt.objects.count()
    a_days_trade(stripe_api)
    assert {row.state for row in PaymentAttempt.objects.order_by("pk")[known:]} == {"pending"}
    reconcile(today())
    assert books()[known:] == with_webhooks
    assert [row[0] for row in with_webhooks] == [
        "confirmed", "pending", "canceled", "confirmed", "confirmed", "pending", "pending",
    ]  # fmt: skip
    assert [row[4] for row in with_webhooks[3:6]] == ["partly_refunded", "refunded", "awaiting"]
    assert (found(), Refund.objects.count(), Dispute.objects.count()) == ([], 2, 2)


def test_running_again_changes_nothing(stripe_api: StandIn) -> None:
    a_days_trade(stripe_api)
    reconcile(today())
    before, rows = books(), BalanceTransaction.objects.count()
    reconcile(today())
    assert (books(), BalanceTransaction.objects.count()) == (before, rows)


def test_waiting_payments_past_their_age_are_settled(stripe_api: StandIn) -> None:
    """C52: one that was paid days ago, outside the day that is compared; one whose page is open stays."""
    late, waiting = paid(stripe_api), attempt()
    old()
    assert unsettled.attempts_open() == 2
    late.refresh_from_db()
    waiting.refresh_from_db()
    assert (late.state, late.order.state, waiting.state) == ("confirmed", "paid", "pending")


def test_an_attempt_whose_answer_never_came_is_found_by_its_metadata(stripe_api: StandIn) -> None:
    """C52, C43: the key is too old to send, and Redis has lost the parameters."""
    made = paid(stripe_api)
    PaymentAttempt.objects.filter(pk=made.pk).update(session_id=None, state="created", params_hash="lost")
    PaymentAttempt.objects.filter(pk=made.pk).update(created_at=timezone.now() - datetime.timedelta(hours=3))
    unsettled.attempts_open()
    made.refresh_from_db()
    assert (made.state, made.received_cents) == ("confirmed", 70)
    assert len(stripe_api.objects("checkout.session")) == 1


def test_a_refund_that_stripe_never_heard_of_is_sent_once(stripe_api: StandIn) -> None:
    """C52: and one that was made, its answer lost, is found and not made again."""
    made = paid(stripe_api)
    reconcile(today())
    made.refresh_from_db()
    stripe_api.fail("reset", path="/v1/refunds", when="before", times=3)
    first = refunds.refund(made.pk, 30, reason="x")
    stripe_api.behave()
    gateway.breaker.close()
    second = refunds.refund(made.pk, 40, reason="y")
    Refund.objects.filter(pk=second.pk).update(state="created", provider_id=None)
    Refund.objects.update(created_at=timezone.now() - datetime.timedelta(days=2))
    assert first.state == "created"
    assert unsettled.refunds_open() == 2
    assert sorted(refund["amount"] for refund in stripe_api.objects("refund")) == [30, 40]
    assert set(Refund.objects.values_list("state", flat=True)) == {"succeeded"}


def test_money_that_nobody_here_knows_is_one_discrepancy(stripe_api: StandIn) -> None:
    """C53: missing here; three runs, one row, one count, one mail."""
    made = paid(stripe_api)
    before = metrics.DISCREPANCIES.labels("missing_here")._value.get()
    _forget(made)
    for _run in range(3):
        reconcile(today())
    intent = stripe_api.objects("payment_intent")[0]["id"]
    assert found() == [("missing_here", intent, "", f"0.70 EUR, {made.order.number}")]
    assert metrics.DISCREPANCIES.labels("missing_here")._value.get() - before == 1
    assert OutboxMessage.objects.filter(task="payments.email_discrepancies").count() == 1


def _forget(made: PaymentAttempt) -> None:
    """As if the database had been restored from before: the row now belongs to another Session."""
    PaymentAttempt.objects.filter(pk=made.pk).update(session_id="cs_test_other", public_id="pay_other", state="failed")


def test_a_payment_that_stripe_does_not_know_is_a_discrepancy(stripe_api: StandIn) -> None:
    """C53: missing there."""
    made = paid(stripe_api)
    reconcile(today())
    stripe_api.reset()
    BalanceTransaction.objects.all().delete()
    endpoint.check()
    for _run in range(2):
        reconcile(today())
    made.refresh_from_db()
    assert ("missing_there", made.public_id, "0.70 EUR", "") in found()
    assert (len(found()), made.state) == (1, "confirmed")


@pytest.mark.parametrize(
    ("changes", "kind", "ours", "theirs"),
    [
        ({"received_cents": 60}, "amount", "0.60 EUR", "0.70 EUR"),
        ({"currency": "USD"}, "currency", "USD", "EUR"),
        ({"refunded_cents": 20}, "refund", "0.20 EUR", "0.00 EUR"),
    ],
)
def test_figures_that_differ_are_one_discrepancy_each(
    stripe_api: StandIn, changes: dict[str, Any], kind: str, ours: str, theirs: str
) -> None:
    """C53; and the row closes by itself when both sides agree again."""
    made = paid(stripe_api)
    reconcile(today())
    right = PaymentAttempt.objects.filter(pk=made.pk).values(*changes).get()
    PaymentAttempt.objects.filter(pk=made.pk).update(**changes)
    reconcile(today())
    reconcile(today())
    intent = stripe_api.objects("payment_intent")[0]["id"]
    assert (found(), Discrepancy.objects.get().attempt) == ([(kind, intent, ours, theirs)], made)
    PaymentAttempt.objects.filter(pk=made.pk).update(**right)
    reconcile(today())
    assert found() == []


def test_a_discrepancy_that_the_owner_resolved_stays_resolved(stripe_api: StandIn) -> None:
    """C53: until a side changes; the button is in the admin, with what to do."""
    made = paid(stripe_api)
    reconcile(today())
    PaymentAttempt.objects.filter(pk=made.pk).update(received_cents=60)
    reconcile(today())
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    desk = Client()
    desk.force_login(owner)
    page = desk.get("/admin/payments/discrepancy/")
    assert b"0.60 EUR" in page.content
    assert "compare" in Discrepancy.objects.get().what_to_do.lower()
    assert html.escape(Discrepancy.objects.get().what_to_do) in page.content.decode()
    row = Discrepancy.objects.get()
    desk.post("/admin/payments/discrepancy/", {"action": "resolve", "_selected_action": [row.pk]})
    reconcile(today())
    row.refresh_from_db()
    assert (row.resolved_by, found()) == (owner, [])
    PaymentAttempt.objects.filter(pk=made.pk).update(received_cents=50)
    reconcile(today())
    assert [sides[2:] for sides in found()] == [("0.50 EUR", "0.70 EUR")]


def test_staff_without_the_right_cannot_resolve(stripe_api: StandIn) -> None:
    row = Discrepancy.objects.create(kind="payout", object_id="po_1")
    staff = User.objects.create_user("ajuda@example.test", "a long password", is_staff=True)
    desk = Client()
    desk.force_login(staff)
    answer = desk.post("/admin/payments/discrepancy/", {"action": "resolve", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert (answer.status_code, row.resolved_at) == (403, None)


def test_the_report_says_both_sides_and_what_to_do(stripe_api: StandIn) -> None:
    row = Discrepancy.objects.create(kind="amount", object_id="pi_1", ours="0.60 EUR", theirs="0.70 EUR")
    email_discrepancies("2027-01-31")
    sent = mail.outbox[0]
    assert sent.to == [settings.OWNER_EMAIL]
    assert all(text in sent.body for text in ("pi_1", "0.60 EUR", "0.70 EUR", "/admin/payments/discrepancy/"))
    Discrepancy.objects.filter(pk=row.pk).update(resolved_at=timezone.now())
    email_discrepancies("2027-01-31")
    assert len(mail.outbox) == 1


def test_a_payment_without_its_fee_is_paid_and_gets_the_fee_later(
    stripe_api: StandIn, wait_until: Callable[..., Any]
) -> None:
    """C54."""
    stripe_api.faults(balance_delay=3600)
    made = paid(stripe_api)
    reconcile(today())
    made.refresh_from_db()
    assert (made.state, made.order.state, made.balance_transactions.count()) == ("confirmed", "paid", 0)
    assert balance.without_movement(today()) == 1
    movement_arrives(stripe_api, wait_until)
    assert balance.without_movement(today()) == 0
    row = made.balance_transactions.get()
    assert (row.kind, row.amount_cents, row.fee_cents, row.net_cents) == ("charge", 70, 26, 44)
    reconcile(today())
    assert (made.balance_transactions.count(), found()) == (1, [])


def test_a_payouts_movements_sum_to_it_page_by_page(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """C55: with two movements a page."""
    monkeypatch.setattr(gateway, "LIST_LIMIT", 2)
    monkeypatch.setattr(days, "PAGE", 2)
    for _number in range(5):
        paid(stripe_api)
    stripe_api._post("payouts")
    reconcile(today())
    payout = Payout.objects.get()
    assert (payout.amount_cents, payout.status) == (5 * 44, "paid")
    moved = BalanceTransaction.objects.filter(payout_id=payout.provider_id).exclude(kind="payout")
    assert (moved.count(), sum(moved.values_list("net_cents", flat=True))) == (5, 220)
    assert set(moved.values_list("attempt__state", flat=True)) == {"confirmed"}
    pages = [call for call in stripe_api.calls("/v1/balance_transactions") if "payout" in call["params"]]
    assert len(pages) == 3
    assert found() == []


def test_a_payout_that_does_not_add_up_is_a_discrepancy(stripe_api: StandIn) -> None:
    """C55: the payout as Stripe lists it, one cent more than its movements."""
    paid(stripe_api)
    stripe_api._post("payouts")
    given = next(gateway.payouts_made(today().span))
    balance.book_payout(dataclasses.replace(given, amount_cents=given.amount_cents + 1))
    assert found() == [("payout", given.id, "0.44 EUR", "0.45 EUR")]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"url": "https://elsewhere.example.test/hooks/"}, "missing"),
        ({"disabled": "true"}, "disabled"),
        ({"enabled_events[0]": "charge.refunded"}, "lacks charge.dispute.closed"),
    ],
)
def test_an_endpoint_that_does_not_serve_the_shop_is_told(
    stripe_api: StandIn, changes: dict[str, str], wrong: str
) -> None:
    """C25."""
    address = f"{stripe_api.url}/v1/webhook_endpoints"
    made = requests.get(address, headers=KEY, timeout=5).json()["data"][0]
    try:
        requests.post(f"{address}/{made['id']}", data=changes, headers=KEY, timeout=5).raise_for_status()
        assert endpoint.check() is False
        row = Discrepancy.objects.get()
        assert (row.kind, row.theirs.startswith(wrong)) == ("endpoint", True)
    finally:
        back = {"url": made["url"], "disabled": "false", "enabled_events[0]": "*"}
        requests.post(f"{address}/{made['id']}", data=back, headers=KEY, timeout=5).raise_for_status()
    assert endpoint.check() is True
    assert found() == []


def test_the_command_shows_progress_and_ends_with_one_when_books_differ(stripe_api: StandIn) -> None:
    made = paid(stripe_api)
    said = io.StringIO()
    date = str(today().date)
    call_command("reconcile", "--date", date, stdout=said)
    assert ("sessions: 1" in said.getvalue(), "The books agree." in said.getvalue()) == (True, True)
    PaymentAttempt.objects.filter(pk=made.pk).update(received_cents=60)
    with pytest.raises(CommandError, match="Open discrepancies: 1"):
        call_command("reconcile", "--date", date, stdout=said)
    stripe_api.fail("500", path="/v1/", times=9)
    with pytest.raises(CommandError, match="Stripe did not answer"):
        call_command("reconcile", "--date", date, stdout=said)
    with pytest.raises(CommandError, match="no date"):
        call_command("reconcile", "--date", "yesterday", stdout=said)


def test_a_long_step_says_how_far_it_is(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each page."""
    monkeypatch.setattr(days, "PAGE", 2)
    for number in range(3):
        start_checkout(visitors.complete(f"{number}.jpg"), language="pt", terms=True)
    told: list[tuple[str, int]] = []
    reconcile(today(), lambda step, count: told.append((step, count)))
    assert [line for line in told if "sessions" in line[0]] == [("sessions, so far", 2), ("sessions", 3)]


def test_demo_payments_are_not_looked_for_at_stripe(stripe_api: StandIn) -> None:
    made = paid(stripe_api)
    reconcile(today())
    PaymentAttempt.objects.filter(pk=made.pk).update(intent_id="pi_demo_x", session_id="cs_test_demo_x", method="demo")
    stripe_api.reset()
    reconcile(today())
    assert found() == []


def test_a_day_is_the_studios_day() -> None:
    """Lisbon's midnight, in summer an hour before that of UTC; the day of the change has 23 hours."""
    summer = Day(datetime.date(2027, 7, 1))
    assert summer.start.astimezone(datetime.UTC).isoformat() == "2027-06-30T23:00:00+00:00"
    spring = Day(datetime.date(2027, 3, 28))
    assert spring.span["lt"] - spring.span["gte"] == 23 * 3600
    assert days.yesterday().date == timezone.localdate() - datetime.timedelta(days=1)
    assert time.time() >= today().span["gte"]
    assert Order.objects.count() == 0
