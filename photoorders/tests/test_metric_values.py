"""/metrics counts what happens: each figure before and after, read from the page as Prometheus reads it."""

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from local.fixtures import LiveShop, Sandbox
from orders.problems import TermsNotAccepted
from orders.tests import visitors
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg
from outbox import services, tasks
from outbox.models import OutboxMessage
from payments import gateway, inbox
from payments.checkout import start_checkout
from payments.models import Discrepancy
from payments.nudging import nudger
from payments.reconciliation import discrepancies
from payments.tests.stand_in import event, post, post_event
from uploads.receive import receive

pytestmark = pytest.mark.django_db(transaction=True)


def figure(page: str, name: str, **labels: str) -> float:
    """The page's value of that figure; 0.0 where nothing was counted yet."""
    samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
    return next((s.value for s in samples if (s.name, s.labels) == (f"photoorders_{name}", labels)), 0.0)


@pytest.fixture
def shown(client: Client, settings: Any) -> Callable[..., float]:
    """`shown(name, **labels)`: a figure as /metrics shows it now."""
    settings.DEMO = True

    def ask(name: str, **labels: str) -> float:
        cache.delete("orders:metrics")  # orders' states are counted every 15 seconds at most
        return figure(client.get("/metrics").text, name, **labels)

    return ask


@pytest.fixture
def stripe(sandbox: Sandbox) -> Iterator[None]:
    gateway.breaker.close()
    yield
    gateway.breaker.close()


@pytest.fixture
def no_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudger, "nudge", lambda: None)


def test_payments_asked_for_are_counted_by_what_came_of_them(stripe: None, shown: Callable[..., float]) -> None:
    figures = {
        "started": ("payment_requests_total", {"status": "started"}),
        "refused": ("payment_requests_total", {"status": "terms_not_accepted"}),
        "again": ("idempotency_cache_hits_total", {}),
    }

    def now() -> dict[str, float]:
        return {what: shown(name, **labels) for what, (name, labels) in figures.items()}

    def grown() -> dict[str, float]:
        return {what: value - before[what] for what, value in now().items()}

    before, draft = now(), visitors.complete()
    with pytest.raises(TermsNotAccepted):
        start_checkout(draft, language="pt", terms=False)
    assert grown() == {"started": 0, "refused": 1, "again": 0}
    start_checkout(draft, language="pt", terms=True)
    assert grown() == {"started": 1, "refused": 1, "again": 0}
    start_checkout(draft, language="pt", terms=True)  # the button pressed twice: the payment made before (C5)
    assert grown() == {"started": 2, "refused": 1, "again": 1}


def test_webhook_events_are_counted_by_type_and_by_each_step(no_nudges: None, shown: Callable[..., float]) -> None:
    kind = "customer.subscription.created"  # known, and without an effect
    steps = [
        (kind, "stored"),
        (kind, "duplicate"),
        (kind, "ignored"),
        ("", "refused_mismatch"),
        ("other", "unknown_type"),
    ]

    def now() -> list[float]:
        return [shown("webhook_events_total", type=kind, outcome=outcome) for kind, outcome in steps]

    before = now()
    assert post_event(event(kind)) == 200
    assert post_event(event(kind)) == 200
    assert post_event(event("invoice.paid", number=2)) == 200
    assert post(b"{}", "t=1,v1=00") == 400
    inbox.drain()
    assert [value - old for value, old in zip(now(), before, strict=True)] == [1, 1, 1, 1, 1]


def test_a_call_that_stripe_refuses_is_counted_by_its_kind(stripe: None, shown: Callable[..., float]) -> None:
    before = shown("stripe_api_errors_total", kind="not_found"), shown("stripe_api_duration_seconds_count")
    with pytest.raises(gateway.NotFound):
        gateway.retrieve_session("cs_test_nobody")
    after = shown("stripe_api_errors_total", kind="not_found"), shown("stripe_api_duration_seconds_count")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_a_photos_bytes_are_counted_when_received_and_while_they_lie_in_redis(shown: Callable[..., float]) -> None:
    received, data = shown("uploads_bytes_total"), jpeg(seed=1)
    assert shown("uploads_staged_bytes") == 0
    receive(visitors.complete().id, [data], filename="praia.jpg")
    assert shown("uploads_bytes_total") - received == len(data)
    staged = shown("uploads_staged_bytes")
    assert len(data) < staged < len(data) + 100  # the draft had a photo of a few bytes before


def test_the_outbox_shows_how_much_waits_for_how_long_and_what_failed(shown: Callable[..., float]) -> None:
    def now() -> list[float]:
        return [shown(f"outbox_{name}") for name in ("queue_depth", "oldest_seconds", "failed")]

    failures = shown("task_failures_total", task="orders.email_owner")
    assert now() == [0, 0, 0]
    with transaction.atomic():
        first, _second = (services.enqueue("orders.email_owner", key=key, queue="nowhere") for key in ("a", "b"))
    OutboxMessage.objects.filter(pk=first.pk).update(created_at=timezone.now() - datetime.timedelta(seconds=90))
    depth, oldest, failed = now()
    assert (depth, failed) == (2, 0)
    assert 90 <= oldest < 120

    def fails(**payload: object) -> None:
        raise tasks.GiveUp("no such order")

    tasks.run_message(first.pk, fails)
    depth, oldest, failed = now()
    assert (depth, failed) == (1, 1)
    assert oldest < 60
    assert shown("task_failures_total", task="orders.email_owner") - failures == 1


def test_orders_are_counted_by_state_and_those_paid_but_not_stored(shown: Callable[..., float]) -> None:
    def now() -> list[float]:
        return [
            *(shown("orders_total", state=state) for state in ("paid", "shipped")),
            shown("orders_paid_unfulfilled"),
        ]

    assert now() == [0, 0, 0]
    OrderFactory(paid=True)
    OrderFactory(paid=True, stored_at=timezone.now())
    OrderFactory(paid=True, stored_at=timezone.now(), state="shipped")
    assert now() == [2, 1, 1]


def test_a_discrepancy_is_counted_once_by_its_kind(shown: Callable[..., float]) -> None:
    before = shown("reconciliation_discrepancies_total", kind="missing_here")
    for _run in range(2):
        discrepancies.found(Discrepancy.Kind.MISSING_HERE, "pi_1", ours="", theirs="0.70 EUR")
    assert Discrepancy.objects.count() == 1
    assert shown("reconciliation_discrepancies_total", kind="missing_here") - before == 1


@pytest.mark.timeout(240)  # the first to ask for it starts the whole shop
def test_the_web_answers_for_the_workers_too(live_shop: LiveShop, wait_until: Callable[..., Any]) -> None:
    """Multi-process mode: a task's duration, measured in a worker's process, stands on the page of any web process."""

    def checked() -> float:
        page = requests.get(f"{live_shop.url}/metrics", timeout=30).text
        return figure(page, "task_duration_seconds_count", task="uploads.check_photo")

    before = checked()
    receive(visitors.complete().id, [jpeg(seed=2)], filename="praia.jpg")
    wait_until(lambda: checked() > before, seconds=60, what="the task's duration")
    assert checked() - before == 1
