"""Log lines: their form, whose click they go back to, and what never stands in them (C61)."""

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from local.fixtures import Mailbox, Worker
from orders.models import Order
from orders.tests.factories import OrderFactory
from outbox import services, tasks
from outbox.models import OutboxMessage
from payments import inbox
from payments.models import WebhookEvent
from photoorders import logs
from uploads.tests import pictures


@pytest.fixture(autouse=True)
def nobodys_click() -> None:
    """Each request begins by forgetting the last; so does each of these tests."""
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The lines logged so far, written by the shop's own formatter."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    dressed = logging.config.DictConfigurator(logs.configuration("INFO"))
    handler.setFormatter(dressed.configure_formatter(dressed.config["formatters"]["json"]))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_superuser(email="owner@example.test", password="photoorders")


def test_every_line_is_json_with_its_time_level_and_ids(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """Lines of the shop and of libraries alike, one JSON object each."""
    with structlog.contextvars.bound_contextvars(request_id="r-1", correlation_id="c-1", user_id=7):
        structlog.get_logger("orders.services").info("order_event", order="PO-1", kind="shipped")
        logging.getLogger("django.request").warning("Not Found: %s", "/x")
    first, second = lines()
    assert first.pop("timestamp").endswith("Z")
    ids = {"request_id": "r-1", "correlation_id": "c-1", "user_id": 7}
    assert first == ids | {
        "event": "order_event",
        "order": "PO-1",
        "kind": "shipped",
        "logger": "orders.services",
        "level": "info",
    }
    assert second | ids == second
    assert (second["event"], second["logger"], second["level"]) == ("Not Found: /x", "django.request", "warning")


@pytest.mark.django_db(transaction=True)
def test_a_messages_row_keeps_whose_click_it_was_and_its_work_says_so(
    owner: User, client: Client, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    order = OrderFactory(paid=True)
    client.force_login(owner)
    answer = client.post(reverse("admin:orders_order_step", args=[order.pk, "start-production"]))
    message = OutboxMessage.objects.get(task="orders.email_customer")
    assert (message.correlation_id, message.user_id) == (answer["X-Request-ID"], owner.pk)
    seen: list[dict[str, Any]] = []
    with structlog.contextvars.bound_contextvars(correlation_id="another", user_id=99):
        tasks.run_message(message.pk, lambda **payload: seen.append(structlog.contextvars.get_contextvars()))
        assert structlog.contextvars.get_contextvars()["correlation_id"] == "another"
    assert seen[0] | {"correlation_id": answer["X-Request-ID"], "user_id": owner.pk, "order_id": order.pk} == seen[0]
    done = lines()[-1]
    assert (done["event"], done["task"], done["message_id"]) == ("outbox_task_done", message.task, message.pk)
    assert (done["correlation_id"], done["user_id"], done["order_id"]) == (answer["X-Request-ID"], owner.pk, order.pk)


@pytest.mark.django_db(transaction=True)
def test_a_visitors_work_has_a_correlation_and_no_user() -> None:
    order = OrderFactory(paid=True)
    with structlog.contextvars.bound_contextvars(correlation_id="click-1"), transaction.atomic():
        message = services.enqueue("t", key="k", payload={"order_id": order.pk})
    assert (message.correlation_id, message.user_id) == ("click-1", None)


def test_a_click_can_be_followed_to_the_workers_log_line(
    worker: Worker,
    mailbox: Mailbox,
    owner: User,
    client: Client,
    wait_until: Callable[..., Any],
) -> None:
    """C61: one correlation id and the user's number, from the answer to the click to the lines of both kinds of tasks:
    the durable one that writes to the customer, and the check of an upload."""

    def said(event: str, correlation: str) -> dict[str, Any] | None:
        found = [json.loads(line) for line in worker.tail(2000).splitlines() if line.startswith("{")]
        return next(
            (line for line in found if (line["event"], line.get("correlation_id")) == (event, correlation)), None
        )

    order: Order = OrderFactory(paid=True)
    client.force_login(owner)
    click = client.post(reverse("admin:orders_order_step", args=[order.pk, "start-production"]))["X-Request-ID"]
    line = wait_until(lambda: said("outbox_task_done", click), seconds=60, what="the task's line")
    assert (line["user_id"], line["order_id"], line["task"]) == (owner.pk, order.pk, "orders.email_customer")
    upload = client.post(
        "/api/v1/drafts/current/photos/",
        data=broken_jpeg(),
        content_type="image/jpeg",
        headers={"X-Filename": "a.jpg", "X-CSRFToken": csrf(client)},
    )
    assert upload.status_code == 201, upload.content
    line = wait_until(lambda: said("photo_broken", upload["X-Request-ID"]), seconds=60, what="the check's line")
    assert line["user_id"] == owner.pk
    assert line["photo_id"] == upload.json()["id"]
    assert not {"name", "email", "filename"} & set(line)


PERSONAL = ("Maria João Ângelo", "Rua Augusta 100", "maria@example.test", "+351912345678", "123456789", "Segunda linha")


def failing() -> None:
    """What PostgreSQL really says when a row of an order breaks a constraint: it quotes the whole row."""
    order = OrderFactory(paid=True, note="Tocar duas vezes\n\nSegunda linha")
    Order.objects.filter(pk=order.pk).update(prints=0)


@pytest.mark.django_db(transaction=True)
def test_a_failing_row_is_quoted_nowhere(lines: Callable[[], list[dict[str, Any]]]) -> None:
    """C61: neither in the log, by whichever logger, nor in what the outbox and the inbox keep for the owner to see."""
    with pytest.raises(IntegrityError) as raised:
        failing()
    assert all(text in str(raised.value) for text in PERSONAL)
    structlog.get_logger("orders").error("store_failed", exc_info=raised.value)
    logging.getLogger("django.request").error("Internal Server Error: %s", "/", exc_info=raised.value)
    logging.getLogger("celery.app.trace").error("Task orders.x raised unexpected: %r", raised.value)
    structlog.get_logger("orders").error("refused", error=str(raised.value))
    with transaction.atomic():
        message = services.enqueue("t", key="k")
    tasks.run_message(message.pk, failing)
    message.refresh_from_db()
    event = WebhookEvent.objects.create(
        event_id="evt_1", type="x", payload={}, happened_at=timezone.now(), attempts=1, livemode=False
    )
    inbox._failed(event, raised.value)
    event.refresh_from_db()
    logged = [json.dumps(line, ensure_ascii=False) for line in lines()]
    assert len(logged) >= 4
    for text in (*logged, message.last_error, event.last_error):
        assert not [personal for personal in PERSONAL if personal in text]
    for text in (*logged[:4], message.last_error, event.last_error):
        assert "order_has_prints" in text
    for text in (logged[0], logged[1], message.last_error, event.last_error):
        assert "The above exception was the direct cause" in text
        assert "Traceback (most recent call last)" in text


def csrf(client: Client) -> str:
    client.get("/")
    return client.cookies["csrftoken"].value


def broken_jpeg() -> bytes:
    """Right at its beginning and end, and half of it missing in between."""
    data = pictures.encoded(pictures.noise(400, 300), progressive=True)
    return data[: len(data) // 2] + b"\xff\xd9"
