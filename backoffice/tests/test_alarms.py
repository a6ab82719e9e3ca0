"""What the desk warns of: money kept, tasks that gave up, payments by link to look at, differences with Stripe (O1, C22, C38, C53)."""

import dataclasses
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice import alarms, todo
from orders.models import Order
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage
from payments import facts, refunds
from payments.models import (
    Discrepancy,
    LinkPayment,
    LinkRefund,
    PaymentAttempt,
    PaymentEvent,
    PaymentLink,
    Refund,
    WebhookEvent,
)

DESK, LIST = "/admin/", "/admin/orders/order/"


def attempt(order: Order, unwanted: bool, **fields: Any) -> PaymentAttempt:
    made = PaymentAttempt.objects.create(
        order=order, method="checkout", amount_cents=460, state="confirmed", confirmed_at=timezone.now(),
        **{"received_cents": 460, **fields},
    )  # fmt: skip
    if unwanted:
        PaymentEvent.objects.create(attempt=made, kind="unwanted")
    return made


def link_payment(**fields: Any) -> LinkPayment:
    link = PaymentLink.objects.create(description="Retrato", amount_cents=5000)
    known = {"amount_cents": 5000, "received_cents": 5000, "state": "confirmed", "confirmed_at": timezone.now()}
    return LinkPayment.objects.create(link=link, expires_at=timezone.now(), **{**known, **fields})


def failed(key: str, task: str, **payload: int) -> None:
    OutboxMessage.objects.create(task=task, queue="default", key=key, payload=payload, state="failed")


def warned(client: Client) -> dict[str, int]:
    return {str(found["alarm"].model): found["count"] for found in client.get(DESK).context["alarms"]}


def money_on_the_desk(client: Client) -> tuple[set[str], int]:
    page = client.get(f"{LIST}?todo=money").content.decode()
    return set(re.findall(r"PO-[2-9A-Z]{10}", page)), client.get(DESK).context["todos"][1]["count"]


def test_money_that_no_order_waited_for_stays_on_the_desk_until_it_went_back(owner_client: Client) -> None:
    """C11, C38: a replaced version whose give-back failed, and a paid order's second charge; not what went back, nor what the
    bank took, but what is left of it, nor what an order was bought with."""
    version = OrderFactory(state="expired", payment_state="paid")
    attempt(version, unwanted=True)
    twice = OrderFactory(paid=True, stored_at=timezone.now(), payment_state="paid")
    attempt(twice, unwanted=False)
    second = attempt(twice, unwanted=True, refunded_cents=400)
    back = OrderFactory(state="expired", payment_state="refunded")
    attempt(back, unwanted=True, refunded_cents=460)
    disputed = attempt(OrderFactory(state="expired"), unwanted=True)
    disputed.disputes.create(provider_id="dp_1", amount_cents=260, status="lost")
    disputed.disputes.create(provider_id="dp_2", amount_cents=200, status="won")
    assert money_on_the_desk(owner_client) == ({version.number, twice.number, disputed.order.number}, 3)
    disputed.disputes.create(provider_id="dp_3", amount_cents=200, status="lost")
    assert money_on_the_desk(owner_client) == ({version.number, twice.number}, 2)
    assert todo.next_step(twice, failed=[], kept=todo.kept_order_ids()) == todo.Todo.MONEY
    assert "Money to give back" in owner_client.get(f"{LIST}{twice.pk}/change/").content.decode()
    PaymentAttempt.objects.filter(pk=second.pk).update(refunded_cents=460)
    assert money_on_the_desk(owner_client) == ({version.number}, 1)


def test_every_task_that_gave_up_is_counted_whatever_it_is_about(owner_client: Client) -> None:
    """O1: with an order in its payload or without; the tile leads to just these."""
    failed("store:1", "orders.store_photos", order_id=OrderFactory(paid=True).pk)
    failed("give-back:pay_1", "payments.give_back", attempt_id=1)
    failed("refund:ref_1", "payments.send_refund", refund_id=1)
    failed("refund-link:lrf_1", "payments.refund_link", refund_id=1)
    failed("email-link:lnk_1", "payments.email_link", payment_id=1)
    OutboxMessage.objects.create(task="payments.give_back", queue="default", key="give-back:pay_2", state="done")
    assert warned(owner_client) == {"outbox.outboxmessage": 5}
    address = owner_client.get(DESK).context["alarms"][0]["address"]
    page = owner_client.get(address).content.decode()
    assert ("give-back:pay_1" in page, "give-back:pay_2" in page) == (True, False)


def test_payments_by_link_to_look_at_are_counted_and_listed(owner_client: Client) -> None:
    """C10, C38, C40: another sum, an open dispute, a refund that failed; until all of it went back, or a later refund was made."""
    other = link_payment(received_cents=4000)
    disputed = link_payment(dispute="needs_response")
    refused = link_payment()
    LinkRefund.objects.create(payment=refused, amount_cents=100, state="failed")
    link_payment()
    link_payment(dispute="won")
    link_payment(received_cents=4000, refunded_cents=4000)
    mended = link_payment()
    LinkRefund.objects.create(payment=mended, amount_cents=100, state="failed")
    LinkRefund.objects.create(payment=mended, amount_cents=100, state="succeeded")
    assert warned(owner_client) == {"payments.linkpayment": 3}
    page = owner_client.get(owner_client.get(DESK).context["alarms"][0]["address"]).content.decode()
    assert set(re.findall(r"lnk_[0-9a-f]{32}", page)) == {other.public_id, disputed.public_id, refused.public_id}


def test_open_differences_and_dead_webhooks_are_counted(owner_client: Client) -> None:
    """C22, C53."""
    Discrepancy.objects.create(kind="amount", object_id="pi_1")
    Discrepancy.objects.create(kind="amount", object_id="pi_2", resolved_at=timezone.now())
    WebhookEvent.objects.create(event_id="evt_1", type="x", state="dead", payload={}, happened_at=timezone.now())
    assert warned(owner_client) == {"payments.discrepancy": 1, "payments.webhookevent": 1}
    page = owner_client.get(DESK).content.decode()
    assert "/admin/payments/discrepancy/?open=1" in page
    listed = owner_client.get("/admin/payments/discrepancy/?open=1").content.decode()
    assert ("pi_1" in listed, "pi_2" in listed) == (True, False)


def test_whoever_may_not_see_the_list_is_not_warned(staff_client: Client) -> None:
    Discrepancy.objects.create(kind="amount", object_id="pi_1")
    assert "payments.discrepancy" not in warned(staff_client)


def test_the_desk_asks_as_much_of_a_full_shop_as_of_an_empty_one(owner_client: Client) -> None:
    owner_client.get(DESK)
    with CaptureQueriesContext(connection) as empty:
        owner_client.get(DESK)
    for number in range(12):
        attempt(OrderFactory(state="expired", payment_state="paid"), unwanted=True)
        failed(f"x:{number}", "payments.give_back", attempt_id=number)
        link_payment(dispute="needs_response")
        Discrepancy.objects.create(kind="amount", object_id=f"pi_{number}")
    with CaptureQueriesContext(connection) as full:
        owner_client.get(DESK)
    assert len(full) == len(empty)
    assert len(warned(owner_client)) == 3


@pytest.mark.parametrize("alarm", alarms.ALARMS, ids=lambda alarm: str(alarm.model))
def test_an_alarm_leads_to_a_list_that_opens(owner_client: Client, alarm: alarms.Alarm) -> None:
    assert owner_client.get(alarm.shown()["address"]).status_code == 200


@pytest.mark.parametrize("state", ["expired", "pending"])
def test_money_that_came_back_after_its_order_had_ended_is_on_the_desk_until_it_is_gone(
    owner_client: Client, state: str
) -> None:
    """C10, C38: the owner sent a sum in review back; days later the customer's bank returned the refund. The order may still
    wait: for another page of it."""
    order = OrderFactory(payment_state="review")
    if state == "pending":
        PaymentAttempt.objects.create(order=order, method="checkout", amount_cents=460)
    paid = attempt(order, unwanted=False, intent_id="pi_1")
    refund = Refund.objects.create(attempt=paid, amount_cents=460, provider_id="re_1", state="pending")
    told = facts.Refund("re_1", "succeeded", 460, "EUR", "pi_1", "ch_1")
    refunds.apply(told)
    order.refresh_from_db()
    assert (order.state, order.payment_state, money_on_the_desk(owner_client)) == (state, "refunded", (set(), 0))
    for _twice in range(2):
        refunds.apply(dataclasses.replace(told, status="failed"))
    order.refresh_from_db()
    refund.refresh_from_db()
    assert (refund.state, order.state, order.paid_at) == ("failed", state, None)
    assert money_on_the_desk(owner_client) == ({order.number}, 1)
    assert paid.events.filter(kind="unwanted").count() == 1
    refunds.apply(dataclasses.replace(told, id="re_2"))
    order.refresh_from_db()
    assert (order.payment_state, money_on_the_desk(owner_client)) == ("refunded", (set(), 0))
