"""Google's circuit breaker: look-ups go side by side while all is well, and its state is a metric."""

import concurrent.futures
import time

import pytest

from addresses import google, metrics
from addresses.tests.conftest import Google


def test_look_ups_do_not_wait_for_one_another(google_server: Google) -> None:
    """Four look-ups of half a second each end together, not one after the other."""
    google_server.delay = 0.5
    google_server.finds()
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(google.geocode, ["Rua A", "Rua B", "Rua C", "Rua D"]))
    assert (found, len(google_server.queries)) == ([[]] * 4, 4)
    assert time.monotonic() - started < 1.5


def test_the_metric_says_that_the_breaker_is_open_and_a_good_answer_closes_it(google_server: Google) -> None:
    google_server.raw = b"nonsense"
    for _failure in range(google.BREAKER_FAILURES):
        with pytest.raises(google.GoogleNonsense):
            google.geocode("Rua Augusta 100")
    assert metrics.BREAKER_OPEN._value.get() == 1
    with pytest.raises(google.GoogleResting):
        google.geocode("Rua Augusta 100")
    google_server.raw = b""
    google_server.finds()
    google.breaker.half_open()
    assert google.geocode("Rua Augusta 100") == []
    assert (google.breaker.current_state, metrics.BREAKER_OPEN._value.get()) == ("closed", 0)
