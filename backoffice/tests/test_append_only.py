"""Histories in the admin (O6): read there, changed by nobody, not even by a superuser."""

import pytest
from django.test import Client

from accounts.models import User
from orders.models import Order, OrderEvent
from orders.tests.factories import OrderFactory
from payments.models import PaymentAttempt, PaymentEvent


@pytest.fixture
def root_client(db: None) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(
        User.objects.create_superuser("root@example.test"), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def order(db: None) -> Order:
    order = OrderFactory(paid=True)
    OrderEvent.objects.create(order=order, kind="paid", from_state="pending", to_state="paid")
    attempt = PaymentAttempt.objects.create(order=order, method="checkout", amount_cents=460)
    PaymentEvent.objects.create(attempt=attempt, kind="created", to_state="created", why="first try")
    return order


@pytest.mark.parametrize("model", ["orders/order", "payments/paymentattempt"])
def test_the_admin_deletes_nothing_that_has_a_history(root_client: Client, order: Order, model: str) -> None:
    key = order.pk if model == "orders/order" else order.attempts.get().pk
    assert root_client.post(f"/admin/{model}/{key}/delete/", {"post": "yes"}).status_code == 403
    root_client.post(f"/admin/{model}/", {"action": "delete_selected", "_selected_action": [key], "post": "yes"})
    assert (order.events.count(), order.attempts.get().events.count()) == (1, 1)


def test_a_payments_events_are_read_only(root_client: Client, order: Order) -> None:
    attempt = order.attempts.get()
    event = attempt.events.get()
    url = f"/admin/payments/paymentattempt/{attempt.pk}/change/"
    page = root_client.get(url).content.decode()
    assert "first try" in page
    assert 'name="events-0-why"' not in page
    assert 'name="events-0-DELETE"' not in page
    rows = {"events-TOTAL_FORMS": 1, "events-INITIAL_FORMS": 1, "events-0-id": event.pk, "events-0-attempt": attempt.pk}
    sent = rows | {"events-0-why": "rewritten", "events-0-DELETE": "on"}
    assert root_client.post(url, sent).status_code == 403
    assert attempt.events.get().why == "first try"


def test_a_member_who_is_deleted_in_the_admin_leaves_the_events(root_client: Client, order: Order) -> None:
    member = User.objects.create_user("staff@example.test", is_staff=True)
    event = OrderEvent.objects.create(order=order, kind="ready", to_state="ready", actor=member, why="packed")
    assert root_client.post(f"/admin/accounts/user/{member.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=member.pk).exists()
    event.refresh_from_db()
    assert (event.kind, event.why, event.actor) == ("ready", "packed", None)
