"""What the inbox keeps of an event names nobody (C61)."""

import json

import pytest

from payments.models import WebhookEvent
from payments.tests.stand_in import event, post_event

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_inbox_holds_no_payers_address_of_other_objects() -> None:
    """C61: of a refund whose instructions go by mail, and of a method that names its payer."""
    method = {
        "type": "paypal",
        "paypal": {"payer_email": "maria@example.test", "payer_id": "QXZ123"},
        "klarna": {"dob": {"day": 7, "month": 3, "year": 1968}},
        "sepa_debit": {"account_holder_name": "Maria João", "verified_name": "Maria João"},
    }
    found = {
        "id": "re_1", "object": "refund", "amount": 460, "payment_intent": "pi_1",
        "instructions_email": "maria@example.test", "last_payment_error": {"payment_method": method},
    }  # fmt: skip
    assert post_event(event("refund.created", data={"object": found})) == 200
    row = WebhookEvent.objects.get()
    kept = json.dumps(row.payload)
    for personal in ("maria", "Maria", "QXZ123", "1968"):
        assert personal not in kept, personal
    assert (row.payload["data"]["object"]["amount"], row.payload["data"]["object"]["payment_intent"]) == (460, "pi_1")
