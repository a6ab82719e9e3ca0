"""Random purchases with random faults. `make chaos` takes 500; CHAOS_PURCHASES and CHAOS_SEED change that."""

import os
import time
from pathlib import Path

import pytest

from tests.chaos import invariants, storm
from tests.chaos.shop import Shop

PURCHASES = int(os.environ.get("CHAOS_PURCHASES", "10"))
SEED = os.environ.get("CHAOS_SEED", "1")

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]


@pytest.mark.timeout(3600 * 4)
def test_random_purchases_under_random_faults_are_neither_lost_nor_doubled_nor_stuck(chaos_shop: Shop) -> None:
    """C41, C46, C47, C49, C50 and the rest at once: zero lost, zero doubled, zero stuck, books equal, nothing personal left,
    and nobody is shown a crash."""
    report = storm.run(chaos_shop, PURCHASES, SEED)
    print(report.text())
    folder = Path("test-artifacts")
    folder.mkdir(exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    (folder / f"chaos-{SEED}-{PURCHASES}-{stamp}.json").write_text(report.text())
    assert list(invariants.sentences(report.violations)) == []
    assert [answer for answer in report.statuses if answer.startswith("500 ")] == []
    assert len(report.purchases) == PURCHASES
    assert report.faults
