"""The relay: hands due outbox messages to the broker. Several may run at once; sending twice is harmless."""

import datetime
from collections.abc import Iterable

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from outbox.models import OutboxMessage

RESEND_SECONDS = 30  # a message handed to the broker is not sent again before this

log = structlog.get_logger(__name__)


def send(messages: Iterable[OutboxMessage]) -> int:
    """Sends each message's id to its queue; how many the broker took. An unreachable broker is left to the sweep."""
    sent = 0
    for message in messages:
        try:
            current_app.send_task(message.task, args=[message.pk], queue=message.queue, retry=False)
        except (OperationalError, OSError) as error:
            log.warning("outbox_broker_unreachable", message_id=message.pk, error=type(error).__name__)
            return sent
        sent += 1
    return sent


def sweep(limit: int = 200) -> int:
    """Sends the messages that are due and leased to nobody; returns how many.

    The rows are taken with FOR UPDATE SKIP LOCKED and pushed into the future before sending, so that two relays
    share the work instead of doubling it (C47).
    """
    now = timezone.now()
    with transaction.atomic():
        due = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(
                Q(leased_until=None) | Q(leased_until__lt=now),
                state=OutboxMessage.State.PENDING,
                next_attempt_at__lte=now,
            )
            .order_by("next_attempt_at")[:limit]
        )
        OutboxMessage.objects.filter(pk__in=[message.pk for message in due]).update(
            next_attempt_at=now + datetime.timedelta(seconds=RESEND_SECONDS)
        )
    return send(due)
