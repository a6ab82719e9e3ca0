"""The nudge from the webhook to the workers, in the processes and threads that serve the shop (C20)."""

import json

import pytest
import redis
import requests
from django.conf import settings

from bench import web_servers
from payments import nudging
from payments.models import WebhookEvent
from payments.tests.stand_in import event, signature

pytestmark = pytest.mark.django_db(transaction=True)


def test_gunicorn_nudges_once_for_a_burst(process_environment: dict[str, str]) -> None:
    """Each of gunicorn's processes has a nudger of its own, started after the fork; a burst is a nudge or a few."""
    broker = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    with web_servers.serving(**process_environment) as server:
        for number in range(20):
            body = json.dumps(event(number=number)).encode()
            headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
            answer = requests.post(f"{server.url}/webhooks/stripe/", body, headers=headers, timeout=20)
            assert (answer.status_code, answer.text) == (200, "ok")
        message = broker.blpop([nudging.QUEUE], timeout=10)
    assert message is not None
    assert json.loads(message[1])["headers"]["task"] == nudging.TASK
    assert broker.llen(nudging.QUEUE) < 20
    assert WebhookEvent.objects.count() == 20
