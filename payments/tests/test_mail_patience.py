"""Notes to the owner about money outlast an outage of the mail server (C40, C50, C53)."""

import socket
from typing import Any

import pytest
from django.db import transaction

from outbox.models import OutboxMessage
from outbox.services import enqueue
from outbox.tests.later import due
from payments import tasks
from payments.reconciliation import discrepancies
from payments.tests.stand_in import StandIn
from payments.tests.test_confirmation import attempt

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("task", ["payments.email_owner", "payments.email_discrepancies"])
def test_a_note_to_the_owner_is_tried_for_hours(stripe_api: StandIn, settings: Any, task: str) -> None:
    """C40, C50, C53: as the customers' mails are; with the outbox's backoff eight tries are over in four minutes."""
    discrepancies.found(discrepancies.Kind.PAYOUT, "po_1", ours="1.00 EUR", theirs="2.00 EUR")
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_PORT = server.getsockname()[1]
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    name = task.rpartition(".")[2]
    of_task: dict[str, dict[str, object]] = {
        "email_owner": {"attempt_id": attempt().pk, "kind": "dispute"},
        "email_discrepancies": {"date": "today"},
    }
    with transaction.atomic():
        message = enqueue(task, key="note", queue="mail", payload=of_task[name])
    for _try in range(20):
        due()
        getattr(tasks, name)(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (OutboxMessage.State.PENDING, 20)
    assert "ConnectionRefusedError" in message.last_error
