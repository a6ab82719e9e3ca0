"""A customer cancels before production: the order ends, the money goes back, once (C33, C42)."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders import links, services
from orders.models import Order
from orders.services import InvalidTransition
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage
from payments import books, cancelling, gateway, refunds, tasks
from payments.models import PaymentAttempt, Refund
from payments.tests.stand_in import StandIn
from payments.tests.test_refunds import pay
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def address(order: Order) -> str:
    return f"{reverse('order-cancel', args=[order.number])}?t={links.token(order)}"


def run_refunds() -> None:
    for message in OutboxMessage.objects.filter(task="payments.refund_cancelled"):
        tasks.refund_cancelled(message.pk)


def planned() -> list[str]:
    return sorted(OutboxMessage.objects.filter(task="payments.refund_cancelled").values_list("key", flat=True))


def test_the_button_asks_first_then_cancels_and_refunds_all(client: Client, stripe_api: StandIn) -> None:
    attempt = pay(stripe_api)
    order = attempt.order
    asked = client.get(address(order))
    assert asked.status_code == 200
    assert "0,70" in asked.content.decode()
    assert '<button type="submit" class="button danger">Sim, cancelar</button>' in asked.content.decode()
    order.refresh_from_db()
    assert (order.state, planned()) == ("paid", [])
    for _click in range(2):
        assert client.post(address(order)).status_code == 302
    order.refresh_from_db()
    assert (order.state, planned()) == ("cancelled", [f"refund-cancelled:{attempt.public_id}"])
    assert stripe_api.objects("refund") == []
    run_refunds()
    order.refresh_from_db()
    assert order.payment_state == "refunded"
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [70]
    assert OutboxMessage.objects.filter(key=f"email-customer:{order.number}:cancelled").count() == 1
    assert OutboxMessage.objects.filter(key=f"email-owner:{attempt.public_id}:cancelled").count() == 1


def test_only_what_is_left_of_a_partly_refunded_order_goes_back(stripe_api: StandIn) -> None:
    attempt = pay(stripe_api)
    refunds.refund(attempt.pk, 30, reason="x")
    cancelling.cancel_for_customer(Order.objects.get())
    run_refunds()
    assert [row.amount_cents for row in Refund.objects.all()] == [30, 40]


def test_the_question_names_the_sum_that_still_goes_back(client: Client, stripe_api: StandIn) -> None:
    """After a refund of a part that is the rest; a refund under way counts as gone."""
    attempt = pay(stripe_api)
    whole = client.get(address(attempt.order)).content.decode()
    assert "tudo o que pagou (0,70\u00a0€)" in whole
    refunds.refund(attempt.pk, 30, reason="x")
    part = client.get(address(attempt.order)).content.decode()
    assert "o resto do que pagou (0,40\u00a0€)" in part
    assert "0,70" not in part
    assert "tudo o que pagou" not in part
    stripe_api.fail("reset", path="/v1/refunds", times=3)
    refunds.refund(attempt.pk, 40, reason="x")
    gone = client.get(address(attempt.order)).content.decode()
    assert "tudo o que pagou já foi devolvido" in gone
    assert "0,40" not in gone


def test_stripe_away_leaves_the_order_cancelled_and_the_refund_planned(stripe_api: StandIn) -> None:
    """C33: the refund is sent later, with the same key."""
    pay(stripe_api)
    cancelling.cancel_for_customer(Order.objects.get())
    stripe_api.fail("reset", path="/v1/refunds", times=3)
    run_refunds()
    row = Refund.objects.get()
    assert (row.state, row.amount_cents) == ("created", 70)
    refunds.send(row.pk)
    row.refresh_from_db()
    assert row.state == "succeeded"


@pytest.mark.race
def test_of_cancelling_and_starting_production_at_once_one_happens(stripe_api: StandIn) -> None:
    """The order's row lock decides; the money follows what happened."""
    order = pay(stripe_api).order
    turns = iter([cancelling.cancel_for_customer, services.start_production])
    results = together(2, lambda: next(turns)(Order.objects.get()))
    assert sorted(type(result).__name__ for result in results) == ["InvalidTransition", "Order"]
    order.refresh_from_db()
    assert order.state in ("cancelled", "in_production")
    assert len(planned()) == (order.state == "cancelled")


@pytest.mark.race
def test_cancelling_waits_for_the_owners_lock_and_then_is_refused(stripe_api: StandIn) -> None:
    """The owner's transaction is open when the customer clicks: production wins, nothing is refunded."""
    order = pay(stripe_api).order
    with transaction.atomic():
        services.start_production(order)
        results: list[object] = []

        def click() -> None:
            try:
                cancelling.cancel_for_customer(Order.objects.get())
            except InvalidTransition as refusal:
                results.append(refusal)
            finally:
                connections.close_all()

        thread = threading.Thread(target=click)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(10)
    order.refresh_from_db()
    assert [type(result) for result in results] == [InvalidTransition]
    assert (order.state, planned(), stripe_api.objects("refund")) == ("in_production", [], [])


@pytest.mark.parametrize("state", ["in_production", "ready", "shipped", "delivered"])
def test_too_late_is_said_on_the_order_page(client: Client, state: str) -> None:
    order = OrderFactory(paid=True, state=state)
    assert client.get(address(order)).status_code == 302
    shown = client.post(address(order), follow=True).content.decode()
    order.refresh_from_db()
    assert (order.state, OutboxMessage.objects.count()) == (state, 0)
    assert "já estão a ser feitas" in shown
    assert reverse("order-cancel", args=[order.number]) not in shown


def test_an_order_that_was_in_production_once_is_not_cancelled_by_its_customer() -> None:
    """Asked for a photo during production: the other prints exist."""
    order = OrderFactory(paid=True)
    services.start_production(order)
    Order.objects.filter(pk=order.pk).update(state="needs_photos")
    before = OutboxMessage.objects.count()
    with pytest.raises(InvalidTransition):
        cancelling.cancel_for_customer(order)
    assert OutboxMessage.objects.count() == before


def test_a_disputed_payment_is_not_refunded_as_well() -> None:
    """C40."""
    order = OrderFactory(paid=True, payment_state="disputed")
    with pytest.raises(InvalidTransition):
        cancelling.cancel_for_customer(order)
    order.refresh_from_db()
    assert (order.state, OutboxMessage.objects.count()) == ("paid", 0)


def test_what_the_bank_took_back_is_neither_promised_nor_asked_for(client: Client, stripe_api: StandIn) -> None:
    """C40: the dispute is lost; then the customer cancels."""
    attempt = pay(stripe_api)
    dispute_id = stripe_api.dispute(attempt.charge_id)["id"]
    stripe_api.close_dispute(dispute_id, "lost")
    books.apply_dispute(gateway.retrieve_dispute(dispute_id))
    asked = client.get(address(attempt.order)).content.decode()
    assert "tudo o que pagou já foi devolvido" in asked
    assert "0,70" not in asked
    client.post(address(attempt.order))
    run_refunds()
    order = Order.objects.get()
    assert (order.state, order.payment_state, Refund.objects.count()) == ("cancelled", "refunded", 0)
    assert stripe_api.calls("/v1/refunds", "POST") == []
    assert not OutboxMessage.objects.filter(payload__kind="refund_failed").exists()


def test_an_order_that_the_studio_cancelled_is_not_refunded_by_the_customers_click(stripe_api: StandIn) -> None:
    attempt: PaymentAttempt = pay(stripe_api)
    services.cancel(attempt.order)
    cancelling.cancel_for_customer(attempt.order)
    assert planned() == []


def test_the_studios_cancelling_gives_back_all_that_is_left_in_its_persons_name(stripe_api: StandIn) -> None:
    """C32, C33, O5: in production too; planned once, made by a task."""
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    attempt = pay(stripe_api)
    refunds.refund(attempt.pk, 30, reason="x")
    services.start_production(attempt.order)
    for _press in range(2):
        assert cancelling.cancel_for_studio(attempt.order, actor=owner).state == "cancelled"
    assert planned() == [f"refund-cancelled:{attempt.public_id}"]
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [30]
    run_refunds()
    rows = Refund.objects.order_by("pk").values_list("amount_cents", "reason", "actor")
    assert list(rows) == [(30, "x", None), (40, "the studio cancelled the order", owner.pk)]
    order = Order.objects.get()
    assert (order.payment_state, order.events.get(kind="cancelled").actor) == ("refunded", owner)
    assert not OutboxMessage.objects.filter(key=f"email-owner:{attempt.public_id}:cancelled").exists()


def test_who_may_not_refund_cannot_cancel_what_was_paid_in_this_moment(stripe_api: StandIn) -> None:
    """O6: the service looks again under the lock, whatever the page showed."""
    staff = User.objects.create_user("staff@example.test", "a long password")
    order = pay(stripe_api).order
    order.payment_state = "unpaid"  # as it was read a moment before
    with pytest.raises(InvalidTransition):
        cancelling.cancel_for_studio(order, actor=staff)
    order.refresh_from_db()
    assert (order.state, planned()) == ("paid", [])


@pytest.mark.race
def test_customer_and_studio_cancelling_at_once_plan_one_refund(stripe_api: StandIn) -> None:
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    attempt = pay(stripe_api)
    turns: Iterator[Callable[[Order], Order]] = iter(
        [cancelling.cancel_for_customer, partial(cancelling.cancel_for_studio, actor=owner)]
    )
    together(2, lambda: next(turns)(Order.objects.get()))
    assert planned() == [f"refund-cancelled:{attempt.public_id}"]
    assert OutboxMessage.objects.filter(task="orders.email_customer", payload__kind="cancelled").count() == 1
    assert Order.objects.get().events.filter(kind="cancelled").count() == 1


@pytest.mark.parametrize("token", ["", "?t=", "?t=x"])
def test_without_the_link_nothing_is_cancelled(client: Client, token: str) -> None:
    """S4, C62."""
    order = OrderFactory(paid=True)
    path = reverse("order-cancel", args=[order.number]) + token
    assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
    order.refresh_from_db()
    assert order.state == "paid"


def test_another_site_cannot_cancel(stripe_api: StandIn) -> None:
    """S7: the form carries a CSRF token."""
    order = pay(stripe_api).order
    assert Client(enforce_csrf_checks=True).post(address(order)).status_code == 403
    order.refresh_from_db()
    assert order.state == "paid"
