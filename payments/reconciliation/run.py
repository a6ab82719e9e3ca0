"""The comparison of the shop's books with Stripe's, step by step. It may be repeated at any time."""

import dataclasses
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from outbox.services import enqueue
from payments import gateway
from payments.models import Discrepancy
from payments.reconciliation import again, balance, discrepancies, endpoint, finished, payments, returned, unsettled
from payments.reconciliation.days import Day, so_far, yesterday

Tell = Callable[[str, int], None]
Chosen = Sequence[tuple[Day, Collection[str]]]

log = structlog.get_logger(__name__)

ALWAYS: dict[str, Callable[[], int]] = {
    "endpoint": lambda: int(endpoint.check()),
    "attempts_open": unsettled.attempts_open,
    "links_open": unsettled.links_open,
    "refunds_open": unsettled.refunds_open,
    "link_refunds_open": unsettled.link_refunds_open,
    "disputes_open": unsettled.disputes_open,
    "link_disputes_open": unsettled.link_disputes_open,
    "discrepancies_open": again.open_ones,
}
OF_A_DAY: dict[str, Callable[[Day], int]] = {
    "sessions": payments.sessions,
    "refunds": returned.refunds_made,
    "disputes": returned.disputes_made,
    "intents": payments.intents,
    "movements": balance.movements,
    "failed_refunds": returned.failed_refunds,
    "without_movement": balance.without_movement,
    "of_nobody": balance.of_nobody,
    "payouts": balance.payouts,
}


@dataclasses.dataclass
class Result:
    """`counts`: objects looked at, by step. `failed`: what a step raised. `open`: discrepancies that nobody has resolved."""

    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    failed: dict[str, Exception] = dataclasses.field(default_factory=dict)
    open: int = 0


def reconcile(day: Day, tell: Tell = lambda step, count: None) -> Result:
    """One day: heals what missed webhooks left, then notes what still differs. Call outside transactions.

    A step that fails keeps no other from its work. Raises what it raised where that may pass, such as GatewayUnavailable:
    what was done is kept, and the next run does the rest. What Stripe refuses becomes a discrepancy.
    """
    return _compare([(day, list(OF_A_DAY))], tell)


def catch_up(*, last: bool = False) -> Result:
    """Every day that no run has finished yet, oldest first (see finished.missing). Raises as `reconcile`; at the `last`
    try nothing is raised, and whatever failed becomes a discrepancy and a mail."""
    return _compare(finished.missing(list(OF_A_DAY)), lambda step, count: None, last=last)


def _compare(chosen: Chosen, tell: Tell, *, last: bool = False) -> Result:
    result = Result()
    try:
        for step, work in ALWAYS.items():
            _try(step, work, result, tell)
        for day, steps in chosen:
            for step in steps:
                if _try(step, lambda day=day, step=step: OF_A_DAY[step](day), result, tell):  # type: ignore[misc]  # mypy does not infer a lambda with a default
                    finished.note(day, step)
    except SoftTimeLimitExceeded as error:
        result.failed["time"] = error  # the days that are finished are noted: the next run goes on
    passing = [error for error in result.failed.values() if not isinstance(error, gateway.GatewayRefused)]
    _note(result, last=last)
    result.open = Discrepancy.objects.filter(resolved_at=None).count()
    dates = [day.date.isoformat() for day, _steps in chosen] or [yesterday().date.isoformat()]
    log.info("reconciled", dates=dates, open=result.open, failed=list(result.failed), **result.counts)
    _report(dates)
    if passing and not last:
        raise passing[0]
    return result


def _try(step: str, work: Callable[[], int], result: Result, tell: Tell) -> bool:
    """Runs a step, telling how far it is; False when it failed. One key without a right, or one odd object, must not end
    the whole run."""
    progress = so_far.set(lambda count: tell(f"{step}, so far", count))
    try:
        count = work()
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was becomes a row, a log line and a mail
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = [f"{frame.filename}:{frame.lineno}" for frame in frames]  # its message may hold personal data (C61)
        log.error("reconciliation_step_failed", step=step, error=type(error).__name__, where=where)
        result.failed[step] = error
        return False
    finally:
        so_far.reset(progress)
    result.counts[step] += count
    tell(step, count)
    return True


def _note(result: Result, *, last: bool) -> None:
    """Failed steps as discrepancies, of those that may pass only the last try's; closed when they work again."""
    kind = Discrepancy.Kind.STEP
    for step, error in result.failed.items():
        if last or isinstance(error, gateway.GatewayRefused):
            why = str(error) if isinstance(error, gateway.GatewayError) else type(error).__name__
            discrepancies.found(kind, step, ours="", theirs=why)
    if "time" not in result.failed:
        discrepancies.agree([step for step in [*result.counts, "time"] if step not in result.failed], kind)


def _report(dates: list[str]) -> None:
    """One mail a day and newest discrepancy: a repeated run that finds nothing new writes none."""
    newest = Discrepancy.objects.filter(resolved_at=None).order_by("-found_at").first()
    if newest is None:
        return
    occurrence = f"{newest.pk}:{newest.found_at.timestamp():.0f}"
    with transaction.atomic():
        enqueue(
            "payments.email_discrepancies",
            key=f"reconciliation:{dates[-1]}:{occurrence}",
            queue="mail",
            payload={
                "date": dates[0] if len(dates) == 1 else f"{dates[0]} – {dates[-1]}",
                "occurrence": occurrence,
            },
        )
