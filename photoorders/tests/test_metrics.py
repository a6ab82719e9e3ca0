"""/metrics: who may read it, what it names, and that nothing personal becomes a label."""

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


PROMISED = {
    "photoorders_payment_requests_total",
    "photoorders_payment_processing_duration_seconds",
    "photoorders_webhook_events_total",
    "photoorders_webhook_lag_seconds",
    "photoorders_idempotency_cache_hits_total",
    "photoorders_stripe_api_errors_total",
    "photoorders_reconciliation_discrepancies_total",
    "photoorders_outbox_queue_depth",
    "photoorders_outbox_oldest_seconds",
    "photoorders_uploads_bytes_total",
    "photoorders_uploads_staged_bytes",
    "photoorders_orders_total",
    "photoorders_orders_paid_unfulfilled",
    "photoorders_task_failures_total",
    "photoorders_request_duration_seconds",
    "photoorders_task_duration_seconds",
}


def test_every_promised_metric_is_named(client: Client, settings: Settings) -> None:
    """What dashboards and alarms are built on: a figure left out of the page would alarm nobody."""
    settings.DEMO = True
    described = {line.split()[2] for line in client.get("/metrics").text.splitlines() if line.startswith("# TYPE ")}
    assert PROMISED - described == set()
