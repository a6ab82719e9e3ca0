"""POST /webhooks/stripe/: C12–C17, C20, C24, C61 on real PostgreSQL."""

import json
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from payments import webhook_middleware, webhooks
from payments.models import WebhookEvent
from payments.tests.stand_in import event, post, post_event, signature
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_signed_event_is_stored_and_answered() -> None:
    assert post_event(event()) == 200
    row = WebhookEvent.objects.get()
    assert (row.event_id, row.type, row.object_id, row.state, row.attempts) == (
        "evt_test_1",
        "checkout.session.completed",
        "cs_test_unknown1",
        "received",
        0,
    )


def test_an_unsigned_or_wrongly_signed_body_leaves_nothing() -> None:
    """C12."""
    body = json.dumps(event()).encode()
    other = signature(body, secret="whsec_other")
    assert [
        post(body, header) for header in ("", other, signature(body + b" "), signature(body, at=time.time() - 301))
    ] == [400] * 4
    assert WebhookEvent.objects.count() == 0


def test_an_event_signed_for_tomorrow_leaves_nothing() -> None:
    """C13."""
    body = json.dumps(event()).encode()
    assert post(body, signature(body, at=time.time() + 86_400)) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"object":"event"}',
        b'{"object":"event","id":"evt_1","type":"x","created":1}',
        b'{"object":"event","id":1,"type":"x","created":1,"data":{"object":{}}}',
        b'{"object":"event","id":"evt_1","type":"x","created":"soon","data":{"object":{}}}',
        b'{"object":"event","id":"evt_1","type":"x","created":1e99,"data":{"object":{}}}',
        b'{"object":"event","id":"evt_1","type":"x","created":1,"data":{"object":[]}}',
        b'{"object":"v2.core.event","id":"evt_1"}',
        b"[" * 5000,
        b'{"a":' * 5000,
    ],
)
def test_signed_bytes_that_are_no_event_are_refused(body: bytes) -> None:
    """C14: 400, never 500."""
    assert post(body) == 400
    assert WebhookEvent.objects.count() == 0


def test_an_event_with_odd_characters_is_stored() -> None:
    """C14: PostgreSQL holds neither NUL nor half a surrogate pair."""
    body = json.dumps(event(data={"object": {"id": "cs\x00_1", "x": "\ud800", "y": [1.5, None, True]}})).encode()
    assert post(body.replace(b"1.5", b"1e400")) == 200
    assert WebhookEvent.objects.get().payload["data"]["object"]["y"] == [None, None, True]


def test_an_event_whose_words_are_longer_than_their_columns_is_stored_shortened() -> None:
    """C14, C24: 200, never 500; nothing is done, as for any type that is not known."""
    long = "x" * 1000
    found = {"object": {"id": long, "metadata": {"correlation": long}}}
    assert post_event(event(long, id=long, api_version=long, data=found)) == 200
    row = WebhookEvent.objects.get()
    kept = (row.event_id, row.type, row.object_id, row.api_version, row.correlation_id)
    assert [len(words) for words in kept] == [255, 100, 255, 40, 64]
    assert row.state == "ignored"


def test_without_a_secret_nothing_is_accepted(settings: Any) -> None:
    """C16."""
    body = json.dumps(event()).encode()
    header = signature(body)
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert post(body, header) == 400
    assert WebhookEvent.objects.count() == 0


def test_either_of_two_secrets_is_accepted(settings: Any) -> None:
    """C15."""
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    for number, secret in enumerate(("whsec_old", "whsec_new")):
        body = json.dumps(event(number=number)).encode()
        assert post(body, signature(body, secret=secret)) == 200
    assert WebhookEvent.objects.count() == 2


def test_only_post_is_answered() -> None:
    assert Client().get("/webhooks/stripe/").status_code == 405


@pytest.mark.race
def test_one_event_twenty_times_at_once_is_one_row() -> None:
    """C17: all answered 200."""
    given = event()
    assert together(20, lambda: post_event(given)) == [200] * 20
    assert WebhookEvent.objects.count() == 1


def test_the_row_is_unique_in_the_database() -> None:
    """C17: what the test above relies on; without the constraint twenty rows come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_indexes where tablename = 'payments_webhookevent' and indexdef like '%UNIQUE%(event_id)%'"
        )
        assert cursor.fetchone() == (1,)


def test_the_other_mode_and_unknown_types_are_kept_and_ignored() -> None:
    """C24."""
    assert post_event(event(number=1, livemode=True)) == 200
    assert post_event(event("invoice.paid", number=2)) == 200
    assert list(WebhookEvent.objects.order_by("pk").values_list("state", "attempts")) == [
        ("ignored", 0),
        ("ignored", 0),
    ]


def test_the_inbox_holds_nothing_personal_or_secret() -> None:
    """C61, DESIGN §4."""
    person = {
        "id": "cs_test_1",
        "client_secret": "cs_secret_value",
        "customer_email": "maria@example.test",
        "customer_details": {"name": "Maria João", "phone": "+351912345678"},
        "shipping_details": {"address": {"line1": "Rua Augusta 100"}},
        "metadata": {"order": "PO-1", "nif": "123456789", "note": "Tocar duas vezes", "correlation": "click-1"},
        "charges": {
            "data": [{"billing_details": {"email": "maria@example.test"}, "receipt_email": "maria@example.test"}]
        },
        "amount_total": 460,
    }
    assert post_event(event(data={"object": person})) == 200
    row = WebhookEvent.objects.get()
    kept = json.dumps(row.payload)
    for secret in ("maria", "Maria", "912345678", "Augusta", "123456789", "Tocar", "cs_secret_value"):
        assert secret not in kept, secret
    assert row.payload["data"]["object"]["amount_total"] == 460
    assert row.payload["data"]["object"]["metadata"] == {"order": "PO-1", "correlation": "click-1"}
    assert row.correlation_id == "click-1"


def test_a_refusal_says_nothing_about_why() -> None:
    answer = Client().post("/webhooks/stripe/", b"{}", content_type="application/json")
    assert (answer.status_code, answer.content) == (400, b"refused")


def test_an_event_after_postgresql_closed_the_connection_is_stored() -> None:
    """C20, C50: no question before each event, one new connection after a failure."""
    assert post_event(event(number=1)) == 200
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        pid = cursor.fetchone()[0]
    ending = together(1, lambda: _end_connection(pid))
    assert ending == [True]
    body = json.dumps(event(number=2)).encode()
    header = signature(body)
    request = RequestFactory().post("/webhooks/stripe/", body, "application/json", headers={"Stripe-Signature": header})
    assert webhooks.stripe(request).status_code == 200
    assert WebhookEvent.objects.count() == 2


def _end_connection(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s)", [pid])
        return bool(cursor.fetchone()[0])


def test_a_webhook_passes_none_of_the_pages_middleware() -> None:
    """`make bench`, webhook_intake: no session, language, cookie or policy; the request's id all the same."""
    body = json.dumps(event()).encode()
    answer = Client().post(
        "/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": signature(body)}
    )
    assert (answer.status_code, answer.cookies) == (200, {})
    assert not {"Content-Security-Policy", "Content-Language", "Vary"} & set(answer.headers)
    assert len(answer["X-Request-ID"]) == 32
    assert Client().get("/webhooks/stripe/").status_code == 405
    assert reverse("webhook-stripe") == webhook_middleware.STRIPE
    assert "Content-Security-Policy" in Client().get("/webhooks/other/").headers
