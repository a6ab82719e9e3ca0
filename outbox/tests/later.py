"""What waiting does, told instead of waited for."""

import datetime

from django.utils import timezone

from outbox.models import OutboxMessage


def due() -> None:
    """The next attempt of each message is due, and a lease that a killed worker left is over."""
    past = timezone.now() - datetime.timedelta(seconds=1)
    OutboxMessage.objects.update(next_attempt_at=past)
    OutboxMessage.objects.filter(leased_until__isnull=False).update(leased_until=past)
