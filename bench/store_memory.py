"""`python -m bench.store_memory WARM_UP ORDER`: by how many MB this process' peak RSS grows while it stores ORDER's originals."""

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

import django

django.setup()

from orders import originals
from orders.models import Order


def megabytes(field: str) -> float:
    """VmRSS (now) or VmHWM (peak) of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def main(warm_up: int, order: int) -> None:
    originals.store(Order.objects.get(pk=warm_up))
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from here
    before = megabytes("VmRSS")
    gone = originals.store(Order.objects.get(pk=order))
    if gone:
        raise SystemExit(f"{len(gone)} photos were not stored")
    print(megabytes("VmHWM") - before)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
