"""Fixtures of the payments' tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from payments import gateway
from payments.nudging import nudger
from payments.tests.stand_in import StandIn


@pytest.fixture(autouse=True)
def closed_breaker() -> Iterator[None]:
    """No test inherits another's outage."""
    gateway.breaker.close()
    yield
    gateway.breaker.close()


@pytest.fixture(autouse=True)
def no_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests work the inbox off themselves; tests/test_nudging.py has the nudger's own."""
    monkeypatch.setattr(nudger, "nudge", lambda: None)


@pytest.fixture
def stripe_api(sandbox: Any) -> Iterator[StandIn]:
    """The stand-in for Stripe, empty and well-behaved."""
    stand_in = StandIn(sandbox.url)
    stand_in.reset()
    yield stand_in
    stand_in.behave()
