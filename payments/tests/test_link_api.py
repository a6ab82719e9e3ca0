"""Refunds of payments by link through the API: DESIGN §4, C32, C33, C59, C62."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from outbox.models import OutboxMessage
from payments.models import LinkPayment, LinkRefund
from payments.tests.stand_in import StandIn
from payments.tests.test_api import post, staff
from payments.tests.test_link_refunds import sums
from payments.tests.test_payment_links import link, paid, run_refunds

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payment(stripe_api: StandIn) -> LinkPayment:
    """Fifty euros, paid."""
    return paid(stripe_api, link())


def ask(client: Client, payment: LinkPayment, body: dict[str, Any], key: str = "") -> tuple[int, Any]:
    answer = post(client, f"link-payments/{payment.public_id}/refunds/", body, key)
    said = answer.json()
    return answer.status_code, said["errors"][0]["code"] if "errors" in said else said


def nothing_planned() -> bool:
    return not LinkRefund.objects.exists() and not OutboxMessage.objects.filter(task="payments.refund_link").exists()


def test_staff_refund_a_part_and_then_all_that_is_left(payment: LinkPayment, stripe_api: StandIn) -> None:
    """O5, O6: the amount, the reason and the person are kept."""
    client = staff("refund_order")
    status, made = ask(client, payment, {"amount_cents": 1250, "reason": "riscada"})
    assert (status, made["amount_cents"], made["state"], made["reason"]) == (201, 1250, "created", "riscada")
    run_refunds()
    row = LinkRefund.objects.get()
    assert (row.public_id, row.state, row.actor) == (made["id"], "succeeded", User.objects.get())
    assert payment.events.get(kind="refund_asked").actor == row.actor
    assert ask(client, payment, {"reason": "tudo"})[1]["amount_cents"] == 3750
    run_refunds()
    assert sums(stripe_api) == [1250, 3750]
    assert ask(client, payment, {"amount_cents": 1, "reason": "x"}) == (409, "over_refund")
    assert LinkRefund.objects.count() == 2


def test_a_key_of_a_refund_counts_whole_and_fits_one_amount(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C59, C33."""
    client, key = staff("refund_order"), "k" * 60
    status, first = ask(client, payment, {"amount_cents": 10, "reason": "x"}, key)
    assert (status, ask(client, payment, {"amount_cents": 10, "reason": "x"}, key)) == (201, (201, first))
    assert ask(client, payment, {"amount_cents": 10, "reason": "x"}, key + "2")[1]["id"] != first["id"]
    assert ask(client, payment, {"amount_cents": 20, "reason": "x"}, key) == (422, "idempotency_key_reused")
    run_refunds()
    assert sums(stripe_api) == [10, 10]


def test_one_key_for_two_payments_is_two_refunds(payment: LinkPayment, stripe_api: StandIn) -> None:
    """C33: a caller's key belongs to the payment it was sent for."""
    other, client = paid(stripe_api, link()), staff("refund_order")
    answers = [ask(client, of, {"amount_cents": 10, "reason": "x"}, "same") for of in (payment, other)]
    assert [status for status, _made in answers] == [201, 201]
    run_refunds()
    assert sums(stripe_api) == [10, 10]


@pytest.mark.parametrize(
    "body",
    [
        {"amount_cents": 0, "reason": "x"},
        {"amount_cents": -5, "reason": "x"},
        {"amount_cents": "much", "reason": "x"},
        {"amount_cents": 5},
        {"amount_cents": 5, "reason": ""},
    ],
)
def test_what_is_no_refund_is_refused(payment: LinkPayment, body: dict[str, Any]) -> None:
    assert ask(staff("refund_order"), payment, body)[0] == 400
    assert nothing_planned()


def test_only_a_confirmed_payment_is_refunded(payment: LinkPayment) -> None:
    LinkPayment.objects.update(state="canceled")
    assert ask(staff("refund_order"), payment, {"reason": "x"}) == (409, "not_refundable")
    assert nothing_planned()


def test_to_others_the_payment_does_not_exist(payment: LinkPayment) -> None:
    """C62: neither visitors nor staff without the right; nor does an id that cannot be one (S5)."""
    for client in (Client(), staff("view_money", "add_paymentlink")):
        assert ask(client, payment, {"reason": "x"})[0] == 404
    User.objects.all().delete()
    client = staff("refund_order")
    for crafted in ("%00", "lnk_%00", "lnk_" + "0" * 5000, "lnk_unknown"):
        assert post(client, f"link-payments/{crafted}/refunds/", {"reason": "x"}).status_code == 404
    assert nothing_planned()


def test_the_schema_names_the_call(client: Client) -> None:
    schema = client.get("/api/schema/?format=json").json()
    call = schema["paths"]["/api/v1/link-payments/{payment_id}/refunds/"]["post"]
    assert call["operationId"] == "link_payments_refunds_create"
    assert call["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("/LinkRefund")
