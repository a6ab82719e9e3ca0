"""The fixtures of conftest.py give real servers."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core.mail import send_mail
from django.db import transaction

from local.fixtures import Bucket, LiveShop, Mailbox, Sandbox, Worker
from outbox.models import OutboxMessage
from outbox.services import enqueue


def test_the_bucket_stores_bytes_and_finds_them_again_after_its_server_was_killed(s3_bucket: Bucket) -> None:
    body = bytes(range(256)) * 5000
    s3_bucket.client.put_object(Bucket=s3_bucket.name, Key="orders/2026/é.jpg", Body=body)
    s3_bucket.server.kill()
    s3_bucket.start()
    assert s3_bucket.keys() == ["orders/2026/é.jpg"]
    assert hashlib.sha256(s3_bucket.read("orders/2026/é.jpg")).digest() == hashlib.sha256(body).digest()


def test_each_test_gets_an_empty_bucket(s3_bucket: Bucket) -> None:
    assert s3_bucket.keys() == []


def test_mail_is_received_by_smtp(mailbox: Mailbox) -> None:
    send_mail("Olá", "Até já", None, ["maria@example.test"])
    (message,) = mailbox.wait_for(1)
    assert (message["To"], message["Subject"]) == ("maria@example.test", "Olá")


@pytest.mark.django_db(transaction=True)
def test_the_worker_takes_a_message_and_again_after_kill_9(worker: Worker, wait_until: Callable[..., Any]) -> None:
    for number in range(2):
        with transaction.atomic():
            message = enqueue("outbox.sweep_probe", key=f"probe:{number}", payload={})
        wait_until(
            lambda message=message: OutboxMessage.objects.get(pk=message.pk).next_attempt_at > message.next_attempt_at,
            what="the sweep",
        )
        worker.kill()
        assert not worker.running()
        worker.start()


def test_the_sandbox_begins_empty_and_well_behaved(sandbox: Sandbox) -> None:
    sandbox.call("faults", latency=0.1)
    sandbox.reset()
    faults = requests.get(f"{sandbox.url}/sandbox/faults", timeout=10).json()
    assert faults["latency"] == 0


@pytest.mark.django_db(transaction=True)
def test_the_live_shop_answers_as_to_a_customer(live_shop: LiveShop, wait_until: Callable[..., Any]) -> None:
    answer = requests.get(live_shop.url, timeout=30)
    assert answer.status_code == 200
    assert "csrftoken" in answer.cookies
    ready = f"{live_shop.url}/health/ready"
    wait_until(lambda: requests.get(ready, timeout=30).json()["status"] == "ok", seconds=30, what="every dependency")
    assert requests.get(ready, timeout=30).status_code == 200
