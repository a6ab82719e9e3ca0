"""Days that no run compared are made up for, and a step that fails ends neither the run nor in silence (C25, C51, C53)."""

import datetime
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from orders.tests import visitors
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage
from payments import gateway, tasks
from payments.checkout import start_checkout
from payments.models import Discrepancy, PaymentAttempt
from payments.models.books import ReconciledStep
from payments.reconciliation import days, finished, run
from payments.reconciliation.days import Day
from payments.reconciliation.mail import email_discrepancies
from payments.tests.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = list(run.OF_A_DAY)


def day(ago: int) -> Day:
    return Day(timezone.localdate() - datetime.timedelta(days=ago))


def first_payment(ago: int) -> None:
    """The shop's first payment, that many days ago."""
    at = timezone.now() - datetime.timedelta(days=ago)
    PaymentAttempt.objects.create(
        order=OrderFactory(), method="checkout", amount_cents=70, state="failed", created_at=at
    )


def compared(stripe_api: StandIn) -> list[int]:
    """Of which days, counted back from today, Sessions were asked for, in order."""
    starts = {str(day(ago).span["gte"]): ago for ago in range(40)}
    asked = [
        call["params"]["created"] for call in stripe_api.calls("/v1/checkout/sessions") if "created" in call["params"]
    ]
    return [starts[str(span["gte"])] for span in asked]


def found() -> list[tuple[str, str, str]]:
    return list(Discrepancy.objects.filter(resolved_at=None).order_by("pk").values_list("kind", "object_id", "theirs"))


def test_four_days_off_are_made_up_for_in_order_and_once(stripe_api: StandIn) -> None:
    """C51: the shop was off for four days; the next morning's task compares each of them."""
    first_payment(9)
    for ago in range(9, 4, -1):
        for step in STEPS:
            finished.note(day(ago), step)
    tasks.reconcile()
    assert compared(stripe_api) == [4, 3, 2, 1]
    tasks.reconcile()
    assert compared(stripe_api) == [4, 3, 2, 1]
    assert ReconciledStep.objects.count() == 9 * len(STEPS)


def test_a_new_shop_compares_yesterday_and_an_old_one_thirty_days(stripe_api: StandIn) -> None:
    assert [missed.date for missed, _steps in finished.missing(STEPS)] == [days.yesterday().date]
    first_payment(90)
    missing = [missed.date for missed, _steps in finished.missing(STEPS)]
    assert (len(missing), missing[0], missing[-1]) == (30, day(30).date, day(1).date)


def test_a_day_that_is_not_over_is_compared_and_not_finished(stripe_api: StandIn) -> None:
    """Its evening is still to come: the next morning compares it whole."""
    run.reconcile(day(0))
    assert (compared(stripe_api), ReconciledStep.objects.count()) == ([0], 0)
    run.reconcile(day(1))
    assert set(ReconciledStep.objects.values_list("date", flat=True)) == {day(1).date}


def test_a_key_that_may_not_read_the_endpoints_ends_no_run(stripe_api: StandIn) -> None:
    """A restricted key: every other step works, the owner is told once, and the row closes when the step works again."""
    made = start_checkout(visitors.complete(), language="pt", terms=True).order.attempts.get()
    stripe_api.pay(str(made.session_id))
    PaymentAttempt.objects.update(created_at=timezone.now() - datetime.timedelta(hours=3))
    stripe_api.fail("403", path="/v1/webhook_endpoints")
    assert tasks.reconcile() == 1
    made.refresh_from_db()
    assert (made.state, found()) == ("confirmed", [("step", "endpoint", "misconfigured PermissionError 403")])
    assert compared(stripe_api) == [1]
    message = OutboxMessage.objects.get(task="payments.email_discrepancies")
    email_discrepancies(**message.payload)
    assert tasks.reconcile() == 0
    assert found() == []


def test_a_step_that_failed_is_made_up_for_alone(stripe_api: StandIn) -> None:
    stripe_api.fail("403", path="/v1/payouts")
    tasks.reconcile()
    assert [kind for kind, _object, _why in found()] == ["step"]
    assert [steps for _day, steps in finished.missing(STEPS)] == [["payouts"]]
    tasks.reconcile()
    assert (found(), finished.missing(STEPS), compared(stripe_api)) == ([], [], [1])


def test_the_mail_about_days_that_were_made_up_for_names_the_first_and_the_last(stripe_api: StandIn) -> None:
    first_payment(3)
    Discrepancy.objects.create(kind="payout", object_id="po_unknown")
    run.catch_up()
    (message,) = OutboxMessage.objects.filter(task="payments.email_discrepancies")
    assert message.payload["date"] == f"{day(3).date} – {day(1).date}"


def test_an_outage_is_waited_out_and_told_when_it_lasts(stripe_api: StandIn) -> None:
    """Celery tries again; only the last try makes a row and a mail of it, and the day stays to be compared."""
    assert (tasks.reconcile.max_retries, tasks.RECONCILE_AGAIN) == (8, 8)
    stripe_api.fail("500", path="/v1/checkout/sessions", times=3)
    with pytest.raises(gateway.GatewayUnavailable):
        tasks.reconcile()
    assert (found(), OutboxMessage.objects.count()) == ([], 0)
    assert [steps for _day, steps in finished.missing(STEPS)] == [["sessions"]]
    stripe_api.fail("500", path="/v1/checkout/sessions", times=3)
    run.catch_up(last=True)
    assert [row[:2] for row in found()] == [("step", "sessions")]
    assert OutboxMessage.objects.filter(task="payments.email_discrepancies").count() == 1
    tasks.reconcile()
    assert (found(), finished.missing(STEPS)) == ([], [])


def test_a_run_that_takes_too_long_goes_on_at_its_next_try(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(_day: Day) -> int:
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patch:
        patch.setitem(run.OF_A_DAY, "intents", too_long)
        with pytest.raises(SoftTimeLimitExceeded):
            run.catch_up()
        run.catch_up(last=True)
    assert found() == [("step", "time", "SoftTimeLimitExceeded")]
    assert [steps[0] for _day, steps in finished.missing(STEPS)] == ["intents"]
    run.catch_up()
    assert (found(), compared(stripe_api)) == ([], [1])


def test_what_a_step_raised_is_logged_without_its_message(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """C61: a message may quote a row."""

    def broken(_day: Day) -> int:
        raise ValueError("maria@example.test")

    monkeypatch.setitem(run.OF_A_DAY, "payouts", broken)
    run.catch_up(last=True)
    assert found() == [("step", "payouts", "ValueError")]
    assert "reconciliation_step_failed" in caplog.text
    assert "maria@example.test" not in caplog.text
