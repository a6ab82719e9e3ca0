"""The town of a postal code: a proposal, asked for once a day and never insisted on (A2, A3)."""

import pytest
import structlog
from django.core import mail
from django_redis import get_redis_connection

from addresses import services
from addresses.tests.conftest import Google, place


def test_the_town_of_a_postal_code_is_asked_for_once(google_server: Google) -> None:
    assert [services.locality("1100-053") for _time in range(3)] == ["Lisboa"] * 3
    assert google_server.queries == ["1100-053"]
    assert "1100" not in str(get_redis_connection("default").keys("*"))


@pytest.mark.parametrize(
    "found",
    [
        [],
        [place(country="ES")],
        [place(postal_code="1100-999")],
        [place(postal_code="1100")],
        [place(city="Mem Martins"), place(city="Rio de Mouro")],
    ],
    ids=["nothing", "abroad", "another code", "only its first half", "two towns"],
)
def test_without_one_town_nothing_is_proposed(google_server: Google, found: list[dict[str, object]]) -> None:
    google_server.finds(*found)
    assert services.locality("1100-053") == ""


def test_an_outage_proposes_nothing_is_not_remembered_and_names_no_code(google_server: Google) -> None:
    """A2, C61: the next question gets an answer; nobody is alarmed by a proposal that failed."""
    google_server.answers("OVER_QUERY_LIMIT")
    with structlog.testing.capture_logs() as logs:
        assert services.locality("1100-053") == ""
    assert [entry["reason"] for entry in logs] == ["over_quota"]
    assert "1100" not in str(logs)
    assert mail.outbox == []
    google_server.finds(place())
    assert services.locality("1100-053") == "Lisboa"
