"""One comparison of a day's books with Stripe's, step by step. It may be repeated at any time."""

import dataclasses
from collections.abc import Callable

import structlog
from django.db import transaction

from outbox.services import enqueue
from payments.models import Discrepancy
from payments.reconciliation import balance, endpoint, payments, returned, unsettled
from payments.reconciliation.days import Day

Tell = Callable[[str, int], None]

log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True)
class Result:
    """`counts`: objects looked at, by step. `open`: discrepancies that nobody has resolved."""

    counts: dict[str, int]
    open: int


def reconcile(day: Day, tell: Tell = lambda step, count: None) -> Result:
    """Heals what missed webhooks left, then notes what still differs. Call outside transactions.

    Raises GatewayError where Stripe does not answer: what was done is kept, and the next run does the rest.
    """
    counts: dict[str, int] = {}
    for step, work in _steps(day).items():
        counts[step] = work()
        tell(step, counts[step])
    still_open = Discrepancy.objects.filter(resolved_at=None).count()
    log.info("reconciled", date=day.date.isoformat(), open=still_open, **counts)
    _report(day)
    return Result(counts, still_open)


def _steps(day: Day) -> dict[str, Callable[[], int]]:
    return {
        "endpoint": lambda: int(endpoint.check()),
        "attempts_open": unsettled.attempts_open,
        "links_open": unsettled.links_open,
        "refunds_open": unsettled.refunds_open,
        "link_refunds_open": unsettled.link_refunds_open,
        "disputes_open": unsettled.disputes_open,
        "link_disputes_open": unsettled.link_disputes_open,
        "sessions": lambda: payments.sessions(day),
        "refunds": lambda: returned.refunds_made(day),
        "disputes": lambda: returned.disputes_made(day),
        "intents": lambda: payments.intents(day),
        "movements": lambda: balance.movements(day),
        "without_movement": lambda: balance.without_movement(day),
        "payouts": lambda: balance.payouts(day),
    }


def _report(day: Day) -> None:
    """One mail a day and newest discrepancy: a repeated run that finds nothing new writes none."""
    newest = Discrepancy.objects.filter(resolved_at=None).order_by("-found_at").first()
    if newest is None:
        return
    with transaction.atomic():
        enqueue(
            "payments.email_discrepancies",
            key=f"reconciliation:{day.date}:{newest.pk}:{newest.found_at.timestamp():.0f}",
            queue="mail",
            payload={"date": day.date.isoformat()},
        )
