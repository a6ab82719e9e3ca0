"""Refunds and reviews from the order page: whose buttons they are, and what a wrong or repeated press does."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.email_kinds import KINDS, NAMES
from orders.models import Order
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage
from payments.models import PaymentAttempt, PaymentEvent, Refund


@pytest.fixture
def order(db: None) -> Order:
    return OrderFactory(paid=True, stored_at=timezone.now())


@pytest.fixture
def attempt(order: Order) -> PaymentAttempt:
    return PaymentAttempt.objects.create(
        order=order,
        method="checkout",
        amount_cents=460,
        received_cents=460,
        state="confirmed",
        confirmed_at=timezone.now(),
        session_id="cs_1",
        intent_id="pi_1",
    )


def press(client: Client, attempt: PaymentAttempt, **fields: Any) -> str:
    form = {"amount": "1.50", "reason": "stained print", "key": str(uuid.uuid4())} | fields
    response = client.post(f"/admin/orders/order/{attempt.order_id}/payments/{attempt.pk}/refund/", form, follow=True)
    return response.content.decode()


def test_a_refund_keeps_amount_reason_and_person_even_while_stripe_is_away(
    owner_client: Client, owner: Any, attempt: PaymentAttempt, settings: Any
) -> None:
    """O5. The outbox sends it as soon as Stripe answers."""
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    press(owner_client, attempt)
    assert list(Refund.objects.values_list("amount_cents", "reason", "actor")) == [(150, "stained print", owner.pk)]


@pytest.mark.parametrize("wrong", [{"STRIPE_API_BASE": "http://127.0.0.1:9"}, {"STRIPE_SECRET_KEY": ""}])
def test_nobody_is_told_to_ask_again_for_a_refund_that_will_be_sent(
    owner_client: Client, attempt: PaymentAttempt, settings: Any, wrong: dict[str, str]
) -> None:
    """C33: the form has a new key each time, so that asking again would pay twice."""
    for name, value in wrong.items():
        setattr(settings, name, value)
    page = press(owner_client, attempt)
    assert "do not ask again" in page
    assert "try again" not in page
    assert Refund.objects.get().state == "created"


def test_a_refund_that_stripe_refuses_is_said_to_have_failed(
    owner_client: Client, attempt: PaymentAttempt, sandbox: Any
) -> None:
    """C38: Stripe knows no such payment."""
    page = press(owner_client, attempt)
    assert "Stripe refused the refund (resource_missing)" in page
    assert "on its way" not in page
    assert Refund.objects.get().state == "failed"


def test_the_same_form_sent_twice_is_one_refund(owner_client: Client, attempt: PaymentAttempt, settings: Any) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    key = str(uuid.uuid4())
    press(owner_client, attempt, key=key)
    press(owner_client, attempt, key=key)
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": "4.61"}, "more than is left"),
        ({"amount": "0"}, "How much goes back?"),
        ({"amount": "-1"}, "How much goes back?"),
        ({"reason": " "}, "Why is it refunded?"),
        ({"key": "x"}, "UUID"),
    ],
)
def test_what_cannot_be_refunded_is_said_and_nothing_is_written(
    owner_client: Client, attempt: PaymentAttempt, fields: dict[str, str], said: str
) -> None:
    """C32: never more than was paid."""
    assert said in press(owner_client, attempt, **fields)
    assert not Refund.objects.exists()


def test_staff_can_neither_refund_nor_accept(staff_client: Client, attempt: PaymentAttempt) -> None:
    """O6."""
    for button in ("refund", "accept"):
        url = f"/admin/orders/order/{attempt.order_id}/payments/{attempt.pk}/{button}/"
        assert staff_client.post(url, {"amount": "1", "reason": "r", "key": str(uuid.uuid4())}).status_code == 403
    assert not Refund.objects.exists()


def test_a_payment_of_another_order_is_404(owner_client: Client, attempt: PaymentAttempt) -> None:
    other = OrderFactory(paid=True)
    response = owner_client.post(
        f"/admin/orders/order/{other.pk}/payments/{attempt.pk}/refund/", {"amount": "1", "reason": "r"}
    )
    assert response.status_code == 404


def test_accepting_while_stripe_is_away_is_a_message_and_changes_nothing(
    owner_client: Client, order: Order, attempt: PaymentAttempt, settings: Any
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    Order.objects.filter(pk=order.pk).update(payment_state="review")
    url = f"/admin/orders/order/{order.pk}/payments/{attempt.pk}/accept/"
    assert "Stripe did not take it" in owner_client.post(url, follow=True).content.decode()
    order.refresh_from_db()
    assert order.payment_state == "review"


def test_the_owners_cancelling_plans_the_refund_and_says_so_before(
    owner_client: Client, owner: Any, order: Order, attempt: PaymentAttempt
) -> None:
    """The customer's mail says that the money goes back: so it does."""
    url = f"/admin/orders/order/{order.pk}/"
    before = owner_client.get(url + "change/").content.decode()
    assert "all that is left of what was paid is refunded by itself" in before
    for _press in range(2):
        assert owner_client.post(url + "steps/cancel/").status_code == 302
    order.refresh_from_db()
    assert order.state == "cancelled"
    planned = OutboxMessage.objects.get(task="payments.refund_cancelled")
    assert planned.payload == {
        "order_id": order.pk, "attempt_id": attempt.pk, "reason": "the studio cancelled the order", "actor_id": owner.pk,
    }  # fmt: skip
    assert OutboxMessage.objects.filter(key=f"email-customer:{order.number}:cancelled").count() == 1
    assert "Money to give back" in owner_client.get(url + "change/").content.decode()


def test_staff_read_why_they_cannot_cancel_a_paid_order(
    staff_client: Client, order: Order, attempt: PaymentAttempt
) -> None:
    """O6: cancelling would refund."""
    url = f"/admin/orders/order/{order.pk}/"
    page = staff_client.get(url + "change/").content.decode()
    assert "Your account may not refund: please ask the owner." in page
    assert "steps/cancel/" not in page
    pressed = staff_client.post(url + "steps/cancel/", follow=True).content.decode()
    assert pressed.count("Your account may not refund: please ask the owner.") == 2
    order.refresh_from_db()
    assert (order.state, OutboxMessage.objects.count()) == ("paid", 0)


def test_staff_cancel_an_order_that_nobody_paid(staff_client: Client) -> None:
    order = OrderFactory()
    url = f"/admin/orders/order/{order.pk}/"
    assert "There is no money to refund." in staff_client.get(url + "change/").content.decode()
    staff_client.post(url + "steps/cancel/")
    order.refresh_from_db()
    assert (order.state, OutboxMessage.objects.count()) == ("cancelled", 0)


@pytest.mark.parametrize("payment", ["review", "disputed"])
def test_a_payment_in_review_or_dispute_is_settled_before_its_order_is_cancelled(
    owner_client: Client, order: Order, attempt: PaymentAttempt, payment: str
) -> None:
    """C10, C40."""
    Order.objects.filter(pk=order.pk).update(payment_state=payment)
    page = owner_client.post(f"/admin/orders/order/{order.pk}/steps/cancel/", follow=True).content.decode()
    assert "that has to be settled before the order can be cancelled" in page
    assert "steps/cancel/" not in page
    order.refresh_from_db()
    assert (order.state, OutboxMessage.objects.count()) == ("paid", 0)


def test_the_emails_are_listed_by_their_portuguese_names(owner_client: Client, order: Order) -> None:
    """Every kind has a name, and none is shown as the code calls it."""
    assert set(NAMES) == set(KINDS)
    page = owner_client.get(f"/admin/orders/order/{order.pk}/change/", headers={"accept-language": "pt"})
    shown = re.findall(r'/emails/([a-z_]+)/"[^>]*>([^<]+)</a>', page.content.decode())
    assert ("replace_photo", "Outra fotografia pedida") in shown
    assert ("shipped", "Enviada") in shown
    assert [kind for kind, name in shown if kind == name] == []


def test_an_email_is_previewed_in_either_language_and_not_by_those_who_see_no_prices(
    owner_client: Client, staff_client: Client, order: Order
) -> None:
    url = f"/admin/orders/order/{order.pk}/emails/shipped/"
    assert order.number in owner_client.get(url).content.decode()
    assert owner_client.get(url + "?language=en").content != owner_client.get(url + "?language=pt").content
    assert staff_client.get(url).status_code == 403
    assert owner_client.get(f"/admin/orders/order/{order.pk}/emails/nonsense/").status_code == 404


def test_the_order_page_names_who_did_what_to_a_payment(
    owner_client: Client, owner: Any, attempt: PaymentAttempt
) -> None:
    """O6: what a person did is not put down to Stripe, neither on the order's page nor on the payment's."""
    PaymentEvent.objects.create(attempt=attempt, kind="refund_asked", actor=owner, why="stained print")
    PaymentEvent.objects.create(attempt=attempt, kind="confirmed")
    page = owner_client.get(f"/admin/orders/order/{attempt.order_id}/change/").content.decode()
    assert re.findall(r'<b>([^<]*)</b> <span class="bo-muted">([^<]*)</span>', page) == [
        ("refund asked for", f"{owner} · stained print"),
        ("payment confirmed", "Stripe"),
    ]
    page = owner_client.get(f"/admin/payments/paymentattempt/{attempt.pk}/change/").content.decode()
    assert re.search(r"field-actor.*?" + re.escape(str(owner)), page, re.DOTALL)
