"""The payments' own fixtures: a closed breaker, and an inbox that the tests work off themselves."""

from payments.tests.conftest import closed_breaker, no_nudges

__all__ = ["closed_breaker", "no_nudges"]
