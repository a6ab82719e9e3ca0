"""The delivery form's question for the town of a postal code: limited, guarded, and in no log (C61, C63, S7)."""

import pytest
from django.test import Client

from addresses.tests.conftest import Google
from orders import locality_views
from orders.tests import visitors

PATH = "/delivery/locality/"
pytestmark = pytest.mark.django_db


def test_a_visitor_is_told_the_town(client: Client, google_server: Google, caplog: pytest.LogCaptureFixture) -> None:
    """However the code is written; what is none costs no call (A4). No log shows where somebody lives."""
    visitors.draft_of(client)
    for written in ("1100-053", " 1100 053 ", "1100053"):
        assert client.post(PATH, {"postal_code": written}).json() == {"city": "Lisboa"}
    for wrong in ("1100", "0999-999", "28001", ""):
        assert client.post(PATH, {"postal_code": wrong}).json() == {"city": ""}
    assert google_server.queries == ["1100-053"]
    assert "1100" not in caplog.text
    assert client.get(PATH).status_code == 405


def test_questions_are_limited(client: Client, google_server: Google) -> None:
    """C63: what comes after the limit is not asked."""
    visitors.draft_of(client)
    for number in range(locality_views.LOOK_UPS.visitor):
        assert client.post(PATH, {"postal_code": f"1100-{number + 1:03}"}).status_code == 200
    refused = client.post(PATH, {"postal_code": "1200-283"})
    assert (refused.status_code, refused.json()) == (429, {"city": ""})
    assert 0 < int(refused["Retry-After"]) <= 600
    assert len(google_server.queries) == 30


def test_strangers_and_other_sites_get_nothing(google_server: Google) -> None:
    assert Client().post(PATH, {"postal_code": "1100-053"}).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    visitors.draft_of(strict)
    assert strict.post(PATH, {"postal_code": "1100-053"}).status_code == 403
    assert google_server.queries == []
