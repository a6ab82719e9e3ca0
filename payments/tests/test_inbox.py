"""The inbox: C20, C21, C22, C41, and who may work on which row."""

import datetime
import threading
import time
from typing import Any

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from outbox import leases
from payments import dispatch, inbox, metrics, nudging, webhooks
from payments.models import WebhookEvent
from payments.tests.stand_in import due_now, event, post_event
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "checkout.session.completed"


def crash(row: WebhookEvent) -> bool:
    """Writes something, then fails: what it wrote is rolled back."""
    with transaction.atomic():
        WebhookEvent.objects.filter(pk=row.pk).update(object_id="written by the effect")
        raise RuntimeError("the effect crashed")


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "HANDLERS", {KIND: crash})


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The effect notes the event's id and takes a moment."""
    done: list[str] = []

    def effect(row: WebhookEvent) -> bool:
        done.append(row.event_id)
        time.sleep(0.05)
        return True

    monkeypatch.setattr(dispatch, "HANDLERS", {KIND: effect})
    return done


def test_a_crash_leaves_the_row_and_the_traceback(crashing: None) -> None:
    """C21: the effect is rolled back, the row is not, and it is tried again later."""
    post_event(event())
    assert inbox.drain() == 1
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts, row.object_id) == ("received", 1, "cs_test_unknown1")
    assert "RuntimeError: the effect crashed" in row.last_error
    assert timezone.now() < row.next_attempt_at <= timezone.now() + datetime.timedelta(seconds=2)
    assert inbox.drain() == 0


def test_after_enough_failures_it_is_a_dead_letter_that_can_be_replayed(
    crashing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C22: by the command and by the admin's action; replaying twice is harmless."""
    post_event(event())
    for _attempt in range(inbox.MAX_ATTEMPTS + 3):
        due_now()
        inbox.drain()
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts) == ("dead", inbox.MAX_ATTEMPTS)
    done: list[str] = []

    def noted(event: WebhookEvent) -> bool:
        done.append(event.event_id)
        return True

    monkeypatch.setattr(dispatch, "HANDLERS", {KIND: noted})
    call_command("retry_failed")
    call_command("replay_webhooks", "evt_test_1", "--now")
    row.refresh_from_db()
    assert (row.state, row.last_error, done) == ("processed", "", ["evt_test_1"])


def test_a_replayed_event_has_all_its_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """C22: by then whatever it failed on may be mended only halfway."""
    begun: list[str] = []

    def fail(row: WebhookEvent) -> bool:
        begun.append(row.event_id)
        raise RuntimeError("not yet")

    monkeypatch.setattr(dispatch, "HANDLERS", {KIND: fail})
    post_event(event())
    for life in (1, 2):
        inbox.replay([WebhookEvent.objects.get().pk])
        for _attempt in range(inbox.MAX_ATTEMPTS + 3):
            due_now()
            inbox.drain()
        assert (WebhookEvent.objects.get().state, len(begun)) == ("dead", life * inbox.MAX_ATTEMPTS)


@pytest.mark.race
def test_four_workers_do_each_event_once(working: list[str]) -> None:
    """C17: fails without FOR UPDATE SKIP LOCKED and the lease."""
    for number in range(12):
        post_event(event(number=number))
    together(4, inbox.drain)
    assert sorted(working) == sorted(f"evt_test_{number}" for number in range(12))


def test_a_worker_waits_for_no_row_that_another_holds(working: list[str]) -> None:
    """C47's idea: fails without SKIP LOCKED."""
    post_event(event(number=1))
    post_event(event(number=2))
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            WebhookEvent.objects.select_for_update().get(event_id="evt_test_1")
            taken.set()
            release.wait(20)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(20)
    try:
        assert inbox.drain() == 1
        assert working == ["evt_test_2"]
    finally:
        release.set()
        holder.join()


def test_a_killed_workers_event_is_done_after_its_lease(working: list[str]) -> None:
    """C41."""
    post_event(event())
    assert inbox.claim() is not None
    assert inbox.drain() == 0
    due_now()
    assert inbox.drain() == 1
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts, working) == ("processed", 2, ["evt_test_1"])


def test_a_claim_lasts_thirty_seconds(working: list[str]) -> None:
    """C41: so long a killed worker's event waits, and with the sweep's five seconds it is done within a minute."""
    post_event(event())
    before = timezone.now()
    claimed = inbox.claim()
    assert claimed is not None
    assert claimed.next_attempt_at == claimed.leased_until
    assert before <= claimed.next_attempt_at - datetime.timedelta(seconds=30) <= timezone.now()


def test_the_lease_is_renewed_while_the_effect_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """C41, C60: a slow effect is not done by a second worker as well; a failed one waits for its backoff alone."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1)
    begun: list[str] = []

    def slow(row: WebhookEvent) -> bool:
        begun.append(row.event_id)
        time.sleep(2.5)
        raise RuntimeError("slow, then broken")

    monkeypatch.setattr(dispatch, "HANDLERS", {KIND: slow})
    post_event(event())
    started: list[float] = []

    def second_worker() -> None:
        while len(started) < 8:
            time.sleep(0.25)
            started.append(time.monotonic())
            inbox.drain()
        connections.close_all()

    other = threading.Thread(target=second_worker)
    other.start()
    inbox.drain()
    other.join()
    row = WebhookEvent.objects.get()
    assert (begun, row.state, row.attempts, row.leased_until) == (["evt_test_1"], "received", 1, None)


def test_an_event_that_kills_its_worker_each_time_becomes_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """C22, C41: begun as often as any that fails, not for ever; the others go on."""
    begun: list[str] = []

    def kill(row: WebhookEvent) -> bool:
        begun.append(row.event_id)
        if row.event_id == "evt_test_2":
            return True
        raise SystemExit  # what kill -9 leaves: no outcome on the row

    monkeypatch.setattr(dispatch, "HANDLERS", {KIND: kill})
    post_event(event(number=1))
    for _worker in range(inbox.MAX_ATTEMPTS):
        due_now()
        with pytest.raises(SystemExit):
            inbox.drain()
    due_now()
    post_event(event(number=2))
    assert inbox.drain() == 1
    row = WebhookEvent.objects.get(event_id="evt_test_1")
    assert (row.state, begun.count("evt_test_1"), begun[-1]) == ("dead", inbox.MAX_ATTEMPTS, "evt_test_2")
    assert "WorkerLost" in row.last_error
    inbox.replay([row.pk])
    with pytest.raises(SystemExit):
        inbox.drain()
    assert begun.count("evt_test_1") == inbox.MAX_ATTEMPTS + 1


def test_a_worker_whose_lease_ran_out_can_write_nothing(working: list[str]) -> None:
    """C60's idea."""
    post_event(event())
    slow = inbox.claim()
    assert slow is not None
    due_now()
    inbox.drain()
    inbox._failed(slow, RuntimeError("too late"))
    row = WebhookEvent.objects.get()
    assert (row.state, row.last_error) == ("processed", "")


def test_a_broker_that_is_down_costs_the_webhook_nothing(working: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """C20: stored and answered at once; the sweep does the work."""
    monkeypatch.setattr(webhooks, "nudger", nudging.Nudger())
    called = threading.Event()

    def down(*args: Any, **options: Any) -> None:
        called.set()
        time.sleep(3)
        raise OSError("connection refused")

    monkeypatch.setattr(current_app, "send_task", down)
    started = time.monotonic()
    assert [post_event(event(number=number)) for number in range(3)] == [200] * 3
    assert time.monotonic() - started < 3
    assert called.wait(5)
    assert WebhookEvent.objects.filter(state="received").count() == 3


def test_postgresql_that_stays_away_is_tried_twice_and_then_an_error() -> None:
    """C20, C50: Stripe is not told that the event was stored. In a transaction, which ends with its connection, once."""
    tried: list[str] = []

    def away(_execute: Any, sql: str, *_rest: Any) -> Any:
        tried.append(sql)
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        inbox.store(event(), b"")
    assert tried == [inbox.INSERT] * 2
    with connection.execute_wrapper(away), pytest.raises(OperationalError), transaction.atomic():
        inbox.store(event(), b"")
    assert tried == [inbox.INSERT] * 3
    assert WebhookEvent.objects.count() == 0


def test_how_long_events_took_and_how_late_they_were_is_measured(working: list[str]) -> None:
    """An event of a clock that goes ahead is not late; what a worker does with both takes a tenth of a second."""
    took, late = metrics.PROCESSING_SECONDS._sum.get(), metrics.WEBHOOK_LAG._sum.get()
    for number, ago in enumerate((100, -100)):
        post_event(event(number=number, created=int(time.time()) - ago))
    assert inbox.drain() == 2
    assert 0.1 <= metrics.PROCESSING_SECONDS._sum.get() - took < 20
    assert 100 <= metrics.WEBHOOK_LAG._sum.get() - late < 120


def test_events_are_forgotten_when_they_were_done_long_enough_ago(working: list[str]) -> None:
    """C61: the newer ones are kept to be looked at, and replayed."""
    for number, days in enumerate((401, 399)):
        post_event(event(number=number))
        done = timezone.now() - datetime.timedelta(days=days)
        WebhookEvent.objects.filter(event_id=f"evt_test_{number}").update(state="processed", processed_at=done)
    assert inbox.purge(400) == 1
    assert WebhookEvent.objects.get().event_id == "evt_test_1"
