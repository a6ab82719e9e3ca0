"""/metrics: who may read it, and that nothing personal becomes a label."""

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def test_metrics_answer_this_machine_in_the_demo(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    answer = client.get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 200
    assert "photoorders_request_duration_seconds" in answer.text


def test_metrics_refuse_everybody_without_the_token(client: Client, settings: Settings) -> None:
    settings.DEMO = False
    settings.METRICS_TOKEN = "let-me-in"
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-in"}).status_code == 200


def test_no_token_set_means_nobody_outside_the_demo(client: Client, settings: Settings) -> None:
    settings.DEMO = False
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_a_request_is_counted_by_its_route_not_by_its_path(client: Client, settings: Settings) -> None:
    """C61: ids, tokens and names in an address never become labels."""
    settings.DEMO = True
    client.get("/orders/PO-SECRETNUMBER/?t=very-secret-token")
    text = client.get("/metrics").text
    assert "very-secret-token" not in text
    assert "PO-SECRETNUMBER" not in text
