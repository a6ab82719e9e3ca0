"""Discrepancies written once, closed when the books agree again or a person says so (C53)."""

from collections.abc import Collection

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from payments import metrics
from payments.models import Discrepancy, PaymentAttempt

Kind = Discrepancy.Kind

log = structlog.get_logger(__name__)


def found(kind: Kind, object_id: str, *, ours: str, theirs: str, attempt: PaymentAttempt | None = None) -> bool:
    """Notes a difference; True when it is new. One that a person resolved comes back only when a side has changed."""
    sides = {"ours": ours[:255], "theirs": theirs[:255]}
    with transaction.atomic():
        row, new = Discrepancy.objects.get_or_create(
            kind=kind, object_id=object_id, defaults={"attempt": attempt, **sides}
        )
        row = row if new else Discrepancy.objects.select_for_update(of=("self",)).get(pk=row.pk)
        changed = (row.ours, row.theirs) != (sides["ours"], sides["theirs"])
        came_back = row.resolved_at is not None and (changed or row.resolved_by_id is None)
        if changed or came_back:
            row.ours, row.theirs = sides["ours"], sides["theirs"]
            row.resolved_at, row.resolved_by = None, None
            row.found_at = timezone.now()
            row.save()
    if new or changed or came_back:
        metrics.DISCREPANCIES.labels(str(kind)).inc()
        log.warning("discrepancy", kind=str(kind), object=object_id)
    return new or changed or came_back


def agree(object_ids: Collection[str], *kinds: Kind) -> int:
    """Closes the open discrepancies of objects that agree now, of the kinds named or of any; how many."""
    rows = Discrepancy.objects.filter(object_id__in=object_ids, resolved_at=None)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return rows.update(resolved_at=timezone.now())


def resolve(ids: Collection[int], actor: User) -> int:
    """The owner has dealt with them; how many were open."""
    return Discrepancy.objects.filter(pk__in=ids, resolved_at=None).update(
        resolved_at=timezone.now(), resolved_by=actor
    )
