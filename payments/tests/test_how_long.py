"""How long work that fails is tried, from the constants: what comments and documents say of it is true."""

import random
from typing import Any

import pytest

from orders.tasks import PATIENCE
from outbox import services
from outbox.models import OutboxMessage
from outbox.tests.later import due
from payments import inbox, tasks

MINUTE, HOUR = 60, 3600


def span(attempts: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Seconds from the first to the last of so many attempts that fail at once: at the jitter's lower and upper end."""
    ends = []
    for end in (min, max):
        with monkeypatch.context() as patch:
            patch.setattr(random, "uniform", end)
            ends.append(sum(services.backoff_seconds(attempt) for attempt in range(1, attempts)))
    return int(ends[0]), int(ends[1])


@pytest.mark.parametrize(
    ("attempts", "least", "most"),
    [
        pytest.param(services.MAX_ATTEMPTS, 2 * MINUTE + 7, 4 * MINUTE + 14, id="what has no reason to wait longer"),
        pytest.param(PATIENCE, HOUR + 48 * MINUTE + 31, 3 * HOUR + 37 * MINUTE + 2, id="an order's photos and mails"),
        pytest.param(inbox.MAX_ATTEMPTS, HOUR + 3 * MINUTE + 31, 2 * HOUR + 7 * MINUTE + 2, id="Stripe's events"),
    ],
)
def test_work_is_tried_as_long_as_is_said(
    attempts: int, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C50: an hour of Stripe's being away costs no event."""
    assert span(attempts, monkeypatch) == (least, most)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("send_refund", {"refund_id": 0}),
        ("give_back", {"attempt_id": 0}),
        ("refund_cancelled", {"attempt_id": 0}),
        ("refund_link", {"refund_id": 0}),
    ],
)
def test_a_refund_is_tried_as_long_as_stripes_events(name: str, payload: dict[str, int]) -> None:
    """C50: an hour of Stripe's being away costs no refund either; then the owner sees it."""
    row = OutboxMessage.objects.create(
        task=f"payments.{name}", queue="default", key="of nothing", payload=payload, attempts=inbox.MAX_ATTEMPTS - 2
    )
    states = []
    for _try in range(2):
        due()
        getattr(tasks, name)(row.pk)
        row.refresh_from_db()
        states.append(row.state)
    assert states == ["pending", "failed"], row.last_error


def test_reconciling_is_tried_again_for_about_an_hour() -> None:
    """C53: 55 minutes, as docs/payments.md says; without jitter, which would halve it."""
    task: Any = tasks.reconcile
    waits = [min(600, task.retry_backoff * 2**again) for again in range(task.max_retries)]
    assert (sum(waits), task.retry_jitter) == (55 * MINUTE, False)
