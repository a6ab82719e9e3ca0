"""The outbox on real PostgreSQL: C46, C47, C48, and what a killed worker leaves (C41)."""

import datetime
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.db import connection, connections, transaction
from django.utils import timezone
from prometheus_client import REGISTRY

from outbox import leases, relay, services, tasks
from outbox.models import OutboxMessage
from outbox.tests import probe
from outbox.tests.later import due

pytestmark = pytest.mark.django_db(transaction=True)
State = OutboxMessage.State


class Broker:
    """Stands where Celery's client stands: what would have been sent; `down` makes it fail as kombu does."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.retried: list[bool] = []
        self.down = False

    def send_task(self, name: str, args: list[int], queue: str, retry: bool) -> None:
        if self.down:
            raise OSError("connection refused")
        self.sent.append(args[0])
        self.retried.append(retry)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    fake = Broker()
    monkeypatch.setattr(current_app, "send_task", fake.send_task)
    return fake


def message(key: str = "one", **payload: object) -> OutboxMessage:
    with transaction.atomic():
        return services.enqueue("outbox.tests.probe", key=key, payload={"key": key} | payload)


def test_a_message_is_sent_when_its_transaction_commits(broker: Broker) -> None:
    with transaction.atomic():
        row = services.enqueue("outbox.tests.probe", key="one", payload={"key": "one"})
        assert broker.sent == []
    assert broker.sent == [row.pk]


def test_a_rolled_back_change_sends_nothing(broker: Broker) -> None:
    """C48."""
    with transaction.atomic():
        services.enqueue("outbox.tests.probe", key="one")
        transaction.set_rollback(True)
    assert (broker.sent, OutboxMessage.objects.count()) == ([], 0)


def test_a_message_outside_a_transaction_is_refused(broker: Broker) -> None:
    """C48."""
    with pytest.raises(RuntimeError):
        services.enqueue("outbox.tests.probe", key="one")
    assert OutboxMessage.objects.count() == 0


def test_the_same_key_again_is_the_same_message(broker: Broker) -> None:
    assert message("one").pk == message("one").pk
    assert len(broker.sent) == 1


def test_a_broker_that_is_down_leaves_the_message_to_the_sweep(broker: Broker) -> None:
    """C20, C50: the change is committed and answered; the work is done when the broker is back."""
    broker.down = True
    row = message()
    assert relay.sweep() == 0
    broker.down = False
    due()
    assert (relay.sweep(), broker.sent) == (1, [row.pk])


def test_a_message_on_its_way_is_not_sent_again_at_once(broker: Broker) -> None:
    message()
    due()
    assert [relay.sweep(), relay.sweep()] == [1, 0]


@pytest.mark.race
def test_two_relays_share_the_work(broker: Broker) -> None:
    """C47: forty messages, four sweeps at once, each sent once."""
    rows = {message(f"m{number}").pk for number in range(40)}
    broker.sent.clear()
    due()
    barrier = threading.Barrier(4)

    def sweep() -> None:
        barrier.wait()
        relay.sweep()
        connections.close_all()

    threads = [threading.Thread(target=sweep) for _unused in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(broker.sent) == sorted(rows)


def test_a_relay_waits_for_no_row_that_another_holds(broker: Broker) -> None:
    """C47: fails without SKIP LOCKED."""
    held, free = message("held"), message("free")
    broker.sent.clear()
    due()
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            OutboxMessage.objects.select_for_update().get(pk=held.pk)
            taken.set()
            release.wait(20)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(20)
    try:
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '3s'")
        assert (relay.sweep(), broker.sent) == (1, [free.pk])
    finally:
        release.set()
        holder.join()
        with connection.cursor() as cursor:
            cursor.execute("reset lock_timeout")


def test_a_message_sent_twice_has_one_effect(broker: Broker) -> None:
    """C46: the relay was killed between sending and marking."""
    row = message()
    tasks.run_message(row.pk, probe.work)
    tasks.run_message(row.pk, probe.work)
    row.refresh_from_db()
    assert (row.state, row.attempts, probe.runs("one")) == (State.DONE, 1, 1)


@pytest.mark.race
def test_two_workers_that_get_it_at_once_do_it_once(broker: Broker) -> None:
    """C46: fails when claiming is not one conditional update."""
    row = message(seconds=0.3)
    barrier = threading.Barrier(6)

    def run() -> None:
        barrier.wait()
        tasks.run_message(row.pk, probe.work)
        connections.close_all()

    threads = [threading.Thread(target=run) for _unused in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert probe.runs("one") == 1


def test_a_poison_message_blocks_nothing_and_gives_up(broker: Broker) -> None:
    """C47: its traceback is kept, the other one is done."""
    poison, good = message("poison", fail="odd data"), message("good")
    for _attempt in range(services.MAX_ATTEMPTS + 2):
        due()
        tasks.run_message(poison.pk, probe.work)
    tasks.run_message(good.pk, probe.work)
    poison.refresh_from_db()
    good.refresh_from_db()
    assert (poison.state, poison.attempts, good.state) == (State.FAILED, services.MAX_ATTEMPTS, State.DONE)
    assert "RuntimeError: odd data" in poison.last_error
    assert probe.runs("poison") == services.MAX_ATTEMPTS


def test_a_message_that_kills_its_worker_each_time_gives_up(broker: Broker) -> None:
    """C47: begun as often as any that fails, not for ever; the owner sees it, and may start it again."""
    row, told = message(fail="killed"), []
    for _worker in range(services.MAX_ATTEMPTS):
        with pytest.raises(SystemExit):
            tasks.run_message(row.pk, probe.work)
        due()
    assert relay.sweep() == 1
    tasks.run_message(row.pk, probe.work, on_give_up=lambda **payload: told.append(payload["key"]))
    row.refresh_from_db()
    assert (row.state, probe.runs("one"), told) == (State.FAILED, services.MAX_ATTEMPTS, ["one"])
    assert "WorkerLost" in row.last_error
    services.retry(row)
    with pytest.raises(SystemExit):
        tasks.run_message(row.pk, probe.work)
    assert probe.runs("one") == services.MAX_ATTEMPTS + 1


def test_who_is_told_of_giving_up_is_told_though_the_worker_died_then(broker: Broker) -> None:
    """C41: the row and what it plans are written together, or neither is."""
    row, told = message(fail="final"), []

    def dies(key: str, **_payload: object) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        tasks.run_message(row.pk, probe.work, on_give_up=dies)
    row.refresh_from_db()
    assert row.state == State.PENDING
    due()
    for _twice in range(2):
        tasks.run_message(row.pk, probe.work, on_give_up=lambda **payload: told.append(payload["key"]))
    row.refresh_from_db()
    assert (row.state, told) == (State.FAILED, ["one"])


def test_who_lost_the_lease_tells_nobody_of_giving_up(broker: Broker) -> None:
    """C60's idea: another worker has the message, and may yet do it."""
    row, told = message(), []

    def too_slow(**_payload: object) -> None:
        due()
        assert services.claim(row.pk) is not None
        raise tasks.GiveUp("late")

    tasks.run_message(row.pk, too_slow, on_give_up=lambda **payload: told.append(payload["key"]))
    row.refresh_from_db()
    assert (row.state, told) == (State.PENDING, [])


def test_failures_are_counted_by_task(broker: Broker) -> None:
    """What photoorders_task_failures_total shows: each failed attempt, none that succeeded."""

    def failures() -> float:
        return float(REGISTRY.get_sample_value("photoorders_task_failures_total", {"task": "outbox.tests.probe"}) or 0)

    before, good, bad = failures(), message("good"), message("bad", fail="odd data")
    tasks.run_message(good.pk, probe.work)
    assert failures() == before
    for _attempt in range(2):
        due()
        tasks.run_message(bad.pk, probe.work)
    assert failures() == before + 2


def test_giving_up_ends_it_at_once_and_the_button_starts_it_again(broker: Broker) -> None:
    row = message(fail="final")
    tasks.run_message(row.pk, probe.work)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.FAILED, 1)
    broker.sent.clear()
    services.retry(row)
    row.refresh_from_db()
    assert (row.state, row.attempts, broker.sent) == (State.PENDING, 0, [row.pk])
    services.complete(row)
    services.retry(row)
    assert len(broker.sent) == 1


def test_a_lost_lease_can_neither_finish_nor_fail_the_message(broker: Broker) -> None:
    """C60's idea: who slept past the lease is refused by the database."""
    row = message()
    slow = services.claim(row.pk)
    assert slow is not None
    OutboxMessage.objects.update(leased_until=timezone.now() - datetime.timedelta(seconds=1))
    quick = services.claim(row.pk)
    assert quick is not None
    assert (services.renew(slow), services.complete(slow)) == (False, False)
    services.fail(slow, "late")
    row.refresh_from_db()
    assert (row.state, row.lease, row.last_error) == (State.PENDING, quick.lease, "")
    assert services.complete(quick)


def test_the_lease_is_renewed_while_the_work_lasts(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 1)
    row = message(seconds=2.5)

    def run() -> None:
        tasks.run_message(row.pk, probe.work)
        connections.close_all()

    worker = threading.Thread(target=run)
    worker.start()
    time.sleep(1.8)
    assert services.claim(row.pk) is None
    worker.join()
    row.refresh_from_db()
    assert (row.state, probe.runs("one")) == (State.DONE, 1)


@pytest.mark.parametrize("attempts", [1, 2, 5, 9, 40])
def test_the_backoff_grows_with_jitter_to_ten_minutes(attempts: int) -> None:
    ceiling = min(600, 2 * 2 ** (attempts - 1))
    waits = [services.backoff_seconds(attempts) for _unused in range(200)]
    assert ceiling / 2 <= min(waits) <= max(waits) <= ceiling
    assert len({round(wait, 6) for wait in waits}) > 100


@pytest.mark.race
def test_a_killed_workers_message_goes_on_after_its_lease(broker: Broker, wait_until: Callable[..., Any]) -> None:
    """C41: kill -9 in the middle of the work; another run continues once the lease has run out."""
    row = message(seconds=60)
    code = "import django; django.setup()\nfrom outbox import tasks\nfrom outbox.tests import probe\n"
    code += f"tasks.run_message({row.pk}, probe.work)"
    database = str(connection.settings_dict["NAME"])
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + database
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "photoorders.settings"}
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        wait_until(lambda: probe.runs("one") == 1, seconds=60, what="the worker to begin")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    row.refresh_from_db()
    assert row.state == State.PENDING
    assert services.claim(row.pk) is None
    OutboxMessage.objects.update(leased_until=timezone.now() - datetime.timedelta(seconds=1), payload={"key": "one"})
    due()
    assert relay.sweep() == 1
    tasks.run_message(row.pk, probe.work)
    row.refresh_from_db()
    assert (row.state, row.attempts, probe.runs("one")) == (State.DONE, 2, 2)


def test_old_finished_messages_are_purged_and_the_others_kept(broker: Broker) -> None:
    for key, state in (("old", State.DONE), ("failed", State.FAILED), ("new", State.DONE), ("pending", State.PENDING)):
        row = message(key)
        age = timezone.now() - datetime.timedelta(days=1 if key == "new" else 100)
        OutboxMessage.objects.filter(pk=row.pk).update(state=state, done_at=age, created_at=age)
    assert services.purge(days=30) == 1
    assert sorted(OutboxMessage.objects.values_list("key", flat=True)) == ["failed", "new", "pending"]


def test_a_claim_and_its_renewal_last_thirty_seconds(broker: Broker) -> None:
    """C41: so long a killed worker's message waits."""
    lease = datetime.timedelta(seconds=30)
    row, before = message(), timezone.now()
    claimed = services.claim(row.pk)
    assert claimed is not None
    assert claimed.leased_until is not None
    assert before <= claimed.leased_until - lease <= timezone.now()
    before = timezone.now()
    assert services.renew(claimed)
    row.refresh_from_db()
    assert row.leased_until is not None
    assert before <= row.leased_until - lease <= timezone.now()


def test_a_change_is_answered_whatever_the_brokers_client_raises(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C20: not only what relay.send knows; the change is committed, and the sweep sends."""

    def odd(*args: object, **options: object) -> None:
        raise RuntimeError("a bug in the broker's client")

    with monkeypatch.context() as patched:
        patched.setattr(current_app, "send_task", odd)
        row = message()
        OutboxMessage.objects.update(state=State.FAILED)
        services.retry(row)
    row.refresh_from_db()
    assert (row.state, broker.sent) == (State.PENDING, [])
    due()
    assert (relay.sweep(), broker.sent) == (1, [row.pk])


def test_a_message_that_was_sent_is_not_sent_again_for_thirty_seconds(broker: Broker) -> None:
    """C47: as long as a lease; the broker's client does not try again by itself, it would hold up the click."""
    row = message()
    due()
    before = timezone.now()
    relay.sweep()
    row.refresh_from_db()
    assert before <= row.next_attempt_at - datetime.timedelta(seconds=30) <= timezone.now()
    assert broker.retried == [False, False]


def test_a_sweep_takes_two_hundred_messages(broker: Broker) -> None:
    """C47: the rest is for the next turn, or for the other relay."""
    OutboxMessage.objects.bulk_create(
        OutboxMessage(task="outbox.tests.probe", queue="default", key=f"m{number}") for number in range(201)
    )
    assert [relay.sweep(), relay.sweep()] == [200, 1]


def test_a_failed_attempt_waits_one_to_two_seconds(broker: Broker) -> None:
    """C47: the first backoff, into the future."""
    row = message()
    claimed = services.claim(row.pk)
    assert claimed is not None
    before = timezone.now()
    assert services.fail(claimed, "odd") is False
    after = timezone.now()
    row.refresh_from_db()
    assert before + datetime.timedelta(seconds=1) <= row.next_attempt_at <= after + datetime.timedelta(seconds=2)


def test_copies_that_wait_in_the_broker_do_not_use_up_the_attempts(broker: Broker) -> None:
    """C47: while the only worker was away the sweep sent thirty; the first that fails holds the others off until the next
    attempt is due, and then one is made."""
    row = message(fail="S3 is away")
    for _copy in range(30):
        tasks.run_message(row.pk, probe.work)
    row.refresh_from_db()
    assert (row.state, row.attempts, probe.runs("one")) == (State.PENDING, 1, 1)
    assert (row.lease, row.leased_until) == (None, row.next_attempt_at)
    assert relay.sweep() == 0
    due()
    for _copy in range(30):
        tasks.run_message(row.pk, probe.work)
    row.refresh_from_db()
    assert (row.state, row.attempts, probe.runs("one")) == (State.PENDING, 2, 2)


def test_a_message_started_again_by_hand_waits_for_nothing(broker: Broker) -> None:
    """C47: neither does a new one."""
    row = message(fail="final")
    tasks.run_message(row.pk, probe.work)
    services.retry(row)
    tasks.run_message(row.pk, probe.work)
    assert probe.runs("one") == 2
