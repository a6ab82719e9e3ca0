"""manage.py retry_failed: work that gave up, the outbox's and the inbox's, goes back at once (C22, C47)."""

from io import StringIO

import pytest
from celery import current_app
from django.core.management import call_command

from outbox.models import OutboxMessage
from payments.models import WebhookEvent
from payments.tests.stand_in import event, post_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The messages that the relay hands to the broker."""
    ids: list[int] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **options: ids.append(args[0]))
    return ids


def gave_up(task: str, key: str) -> OutboxMessage:
    return OutboxMessage.objects.create(task=task, queue="mail", key=key, state="failed", attempts=8, last_error="away")


def states() -> dict[str, tuple[str, int]]:
    return {message.key: (message.state, message.attempts) for message in OutboxMessage.objects.all()}


def retry_failed(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("retry_failed", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_retry_failed_says_then_takes_one_task_then_the_rest(sent: list[int]) -> None:
    """--dry-run changes nothing, --task leaves other tasks and webhook events alone, neither takes all that is left."""
    mail, stored = gave_up("orders.email_owner", "mail:1"), gave_up("orders.store_photos", "store:1")
    OutboxMessage.objects.create(task="orders.email_owner", queue="mail", key="mail:2", state="done")
    post_event(event())
    WebhookEvent.objects.update(state="dead", attempts=8)
    sent.clear()

    lines = ["orders.email_owner mail:1", "orders.store_photos store:1"]
    assert sorted(retry_failed("--dry-run")) == ["Tasks: 2, webhook events: 1.", *lines]
    failed, again, done = ("failed", 8), ("pending", 0), ("done", 0)
    assert states() == {"mail:1": failed, "store:1": failed, "mail:2": done}
    assert (WebhookEvent.objects.get().state, sent) == ("dead", [])

    assert retry_failed("--task", "orders.store_photos") == [lines[1], "Tasks: 1, webhook events: 0."]
    assert states() == {"mail:1": failed, "store:1": again, "mail:2": done}
    assert (WebhookEvent.objects.get().state, sent) == ("dead", [stored.pk])

    assert retry_failed() == [lines[0], "Tasks: 1, webhook events: 1."]
    assert states() == {"mail:1": again, "store:1": again, "mail:2": done}
    assert (WebhookEvent.objects.get().state, sent) == ("received", [stored.pk, mail.pk])
