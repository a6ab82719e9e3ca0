"""Processing events again: from our inbox, and those that Stripe could not deliver (C22, C23). Always harmless."""

import datetime
import json
from collections.abc import Iterable, Iterator

from payments import facts, gateway, inbox
from payments.models import WebhookEvent

STRIPE_KEEPS = datetime.timedelta(days=30)


def by_id(event_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each event put back to work, fetched from Stripe where we never got it; (id, what was done)."""
    for event_id in event_ids:
        known = WebhookEvent.objects.filter(event_id=event_id).values_list("pk", flat=True).first()
        if known is not None:
            inbox.replay([known])
            yield event_id, "again"
        else:
            yield event_id, _take(gateway.retrieve_event(event_id))


def since(start: datetime.datetime, end: datetime.datetime | None = None) -> int:
    """Puts all events received from `start` to `end` back to work, but those that were not for the shop at first sight (of
    the other mode, of unknown types); how many."""
    rows = WebhookEvent.objects.filter(received_at__gte=start).exclude(state=WebhookEvent.State.IGNORED, attempts=0)
    if end is not None:
        rows = rows.filter(received_at__lte=end)
    return inbox.replay(list(rows.values_list("pk", flat=True)))


def undelivered(start: datetime.datetime) -> Iterator[tuple[str, str]]:
    """C23: what Stripe could not deliver since `start` comes into the inbox now, as if its webhook had arrived."""
    for event in gateway.events(undelivered=True, created_from=int(start.timestamp())):
        yield event.id, _take(event)


def _take(event: facts.Event) -> str:
    body = json.dumps(event.body, default=str, separators=(",", ":")).encode()
    return "known" if inbox.store(event.body, body) == inbox.Stored.KNOWN else "fetched"
