"""The same walk at Stripe's real test mode (`make test-stripe`, with a key) and, in every run, at the stand-in."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from local.check_tests import KINDS
from local.kept import ROOT
from local.testrun import STRIPE_TEST_KEY
from tests.stripe import walk

pytestmark = pytest.mark.django_db(transaction=True)
WALKS: list[Callable[[], None]] = [walk.hosted_page, lambda: walk.refunded(walk.declined_then_paid())]
NAMES = ["hosted_page", "declined_paid_refunded"]


@pytest.mark.parametrize("steps", WALKS, ids=NAMES)
def test_the_payment_walk_at_the_stand_in(sandbox: Any, steps: Callable[[], None]) -> None:
    """That the walk itself is right is so known before anybody has a key."""
    steps()


@pytest.mark.stripe
@pytest.mark.parametrize("steps", WALKS, ids=NAMES)
def test_the_payment_walk_at_stripes_test_mode(sandbox: Any, settings: Any, steps: Callable[[], None]) -> None:
    """Google is the stand-in here too."""
    settings.STRIPE_SECRET_KEY = os.environ[STRIPE_TEST_KEY]
    settings.STRIPE_API_BASE = ""
    assert settings.STRIPE_SECRET_KEY.startswith(("sk_test_", "rk_test_")), "only a key of Stripe's test mode"
    steps()


def test_make_test_stripe_has_tests_to_run(request: pytest.FixtureRequest) -> None:
    """And no other run has them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/stripe", "-m", KINDS["stripe"]]
    chosen = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    listed = [line for line in chosen.stdout.splitlines() if "::" in line]
    assert len(listed) == len(WALKS), chosen.stdout + chosen.stderr
    assert all("test_the_payment_walk_at_stripes_test_mode" in line for line in listed)
    assert not [item.name for item in request.session.items if item.get_closest_marker("stripe")]
