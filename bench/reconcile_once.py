"""`python -m bench.reconcile_once read|compare`: seconds and peak MB of one pass over the listings, or of one comparison."""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

import django

django.setup()

from bench.reconcile import NOON, PAYMENTS
from payments import gateway
from payments.models import BalanceTransaction, Discrepancy
from payments.reconciliation.days import Day
from payments.reconciliation.run import reconcile


def read(day: Day) -> None:
    """What the comparison reads, and nothing else."""
    for found in (gateway.sessions_made, gateway.intents_made):
        if sum(1 for _one in found(day.span)) != PAYMENTS:
            raise SystemExit("the listing is not whole")
    if sum(1 for _one in gateway.balance_transactions(created=day.span)) != PAYMENTS:
        raise SystemExit("the listing is not whole")


def compare(day: Day) -> None:
    counts = reconcile(day).counts
    if (counts["sessions"], counts["intents"], counts["movements"]) != (PAYMENTS, PAYMENTS, PAYMENTS):
        raise SystemExit(f"not all was compared: {counts}")
    differ = Discrepancy.objects.exclude(kind="endpoint").count()
    if differ or counts["without_movement"]:
        raise SystemExit(f"{differ} payments differ, {counts['without_movement']} have no movement")


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def main(what: str) -> None:
    BalanceTransaction.objects.all().delete()  # of the round before
    day = Day(NOON.date())
    started = time.perf_counter()
    {"read": read, "compare": compare}[what](day)
    print(time.perf_counter() - started, peak_mb())


if __name__ == "__main__":
    main(sys.argv[1])
