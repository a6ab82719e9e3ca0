"""The order's page in the admin: what it shows to whom, and its buttons."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from orders import links
from orders.models import Order
from orders.tests.factories import OrderFactory, OrderItemFactory, OrderPhotoFactory
from outbox.models import OutboxMessage
from payments.models import PaymentAttempt


def paid(**fields: Any) -> Order:
    return OrderFactory(paid=True, stored_at=timezone.now(), **fields)


def url(order: Order, rest: str = "change/") -> str:
    return f"/admin/orders/order/{order.pk}/{rest}"


def attempt(order: Order, **fields: Any) -> PaymentAttempt:
    return PaymentAttempt.objects.create(
        **{
            "order": order,
            "method": "checkout",
            "amount_cents": order.total_cents,
            "state": "confirmed",
            "confirmed_at": timezone.now(),
            "received_cents": order.total_cents,
            "session_id": f"cs_test_{order.pk}",
            "intent_id": f"pi_test_{order.pk}",
        }
        | fields
    )


def test_the_page_shows_the_photo_its_prints_the_address_and_the_payment(owner_client: Client, settings: Any) -> None:
    settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY = "", "sk_test_x"
    order = paid()
    attempt(order)
    page = owner_client.get(url(order)).content.decode()
    for wanted in ("praia.jpg", "2 × 10 × 15 cm", "Maria João Ângelo", "1100-053 Lisboa", "NIF 123456789", "4.60"):
        assert wanted in page, wanted
    assert f'href="https://dashboard.stripe.com/test/payments/pi_test_{order.pk}"' in page


def test_the_payment_link_leads_to_the_live_dashboard_or_to_the_stand_in(owner_client: Client, settings: Any) -> None:
    order = paid()
    attempt(order)
    settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY = "", "sk_live_x"
    assert f"https://dashboard.stripe.com/payments/pi_test_{order.pk}" in owner_client.get(url(order)).content.decode()
    settings.STRIPE_API_BASE = "http://127.0.0.1:4242"
    page = owner_client.get(url(order)).content.decode()
    assert "dashboard.stripe.com" not in page
    assert "http://127.0.0.1:4242/" in page


def test_staff_see_neither_prices_nor_payments(staff_client: Client) -> None:
    """O6."""
    order = paid()
    attempt(order)
    page = staff_client.get(url(order)).content.decode()
    assert "Maria João Ângelo" in page
    assert "4.60" not in page
    assert "pi_test" not in page


@pytest.mark.parametrize("rights", [(), ("view_money",), ("refund_order",)])
def test_staff_do_not_get_the_customers_link(staff: User, staff_client: Client, rights: tuple[str, ...]) -> None:
    """O6: the page that it opens shows the sums, and cancelling there refunds everything. No part of the token either."""
    staff.user_permissions.set(Permission.objects.filter(codename__in=rights))
    order = paid()
    attempt(order)
    page = staff_client.get(url(order)).content.decode()
    assert "Maria João Ângelo" in page
    assert links.token(order) not in page
    assert "The page that the customer sees" not in page


def test_who_may_see_money_and_refund_gets_the_customers_link(
    owner_client: Client, staff: User, staff_client: Client
) -> None:
    """O6."""
    staff.user_permissions.set(Permission.objects.filter(codename__in=("view_money", "refund_order")))
    order = paid()
    for client in (owner_client, staff_client):
        assert f'href="{links.order_path(order)}"' in client.get(url(order)).content.decode()


def test_an_unpaid_order_shows_that_nothing_personal_is_kept(owner_client: Client) -> None:
    page = owner_client.get(url(OrderFactory())).content.decode()
    assert "Nothing personal is kept until the order is paid." in page


def test_the_page_of_no_order_is_404(owner_client: Client) -> None:
    assert owner_client.get("/admin/orders/order/4711/change/").status_code == 404
    assert owner_client.get("/admin/orders/order/x/change/").status_code == 404


def test_the_page_costs_the_same_queries_with_one_and_with_thirty_photos(
    owner_client: Client, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    small, large = paid(), paid()
    attempt(small)
    attempt(large)
    for _unused in range(29):
        photo = OrderPhotoFactory(order=large)
        OrderItemFactory(order=large, photo=photo)
    with CaptureQueriesContext(connection) as one:
        owner_client.get(url(small))
    with django_assert_num_queries(len(one)):
        owner_client.get(url(large))


def test_an_order_goes_from_paid_to_shipped_with_the_owner_in_its_history(owner_client: Client, owner: User) -> None:
    """O4, O6."""
    order = paid()
    assert owner_client.post(url(order, "steps/start-production/")).status_code == 302
    owner_client.post(url(order, "steps/ready/"))
    owner_client.post(url(order, "steps/ship/"), {"carrier": "CTT", "tracking": "RT123456789PT"})
    order.refresh_from_db()
    assert (order.state, order.carrier, order.tracking) == ("shipped", "CTT", "RT123456789PT")
    assert list(order.events.values_list("to_state", "actor")) == [
        ("in_production", owner.pk),
        ("ready", owner.pk),
        ("shipped", owner.pk),
    ]
    assert OutboxMessage.objects.filter(task="orders.email_customer", payload__kind="shipped").count() == 1


def test_shipping_without_a_carrier_is_refused_with_a_message(owner_client: Client) -> None:
    order = paid(state="ready")
    page = owner_client.post(url(order, "steps/ship/"), {"carrier": " "}, follow=True).content.decode()
    assert "Which carrier takes it?" in page
    order.refresh_from_db()
    assert order.state == "ready"
    assert not OutboxMessage.objects.exists()


def test_a_step_that_is_no_longer_possible_is_a_message_and_changes_nothing(owner_client: Client) -> None:
    order = paid(state="shipped", shipped_at=timezone.now())
    page = owner_client.post(url(order, "steps/start-production/"), follow=True).content.decode()
    assert "no longer in a state where that is possible" in page
    order.refresh_from_db()
    assert order.state == "shipped"
    assert order.events.count() == 0


def test_steps_need_a_post_a_known_name_and_the_right(
    owner_client: Client, outsider_client: Client, staff: User, staff_client: Client
) -> None:
    order = paid()
    assert owner_client.get(url(order, "steps/ready/")).status_code == 405
    assert owner_client.post(url(order, "steps/sell/")).status_code == 404
    assert outsider_client.post(url(order, "steps/start-production/")).status_code == 302
    staff.groups.get().permissions.filter(codename="change_order").delete()
    assert staff_client.post(url(order, "steps/start-production/")).status_code == 403
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_failed_task_shows_why_and_goes_back_to_work_by_its_button(owner_client: Client) -> None:
    order = paid()
    task = OutboxMessage.objects.create(
        task="orders.email_owner",
        queue="mail",
        key="k",
        payload={"order_id": order.pk},
        state="failed",
        attempts=8,
        last_error="SMTP says no",
    )
    assert "SMTP says no" in owner_client.get(url(order)).content.decode()
    owner_client.post(url(order, f"tasks/{task.pk}/retry/"))
    task.refresh_from_db()
    assert (task.state, task.attempts) == ("pending", 0)


def test_a_task_of_another_order_is_404(owner_client: Client) -> None:
    order, other = paid(), paid()
    task = OutboxMessage.objects.create(task="t", queue="mail", key="k", payload={"order_id": other.pk}, state="failed")
    assert owner_client.post(url(order, f"tasks/{task.pk}/retry/")).status_code == 404
    task.refresh_from_db()
    assert task.state == "failed"


@pytest.mark.parametrize("rest", ["", "change/", "delete/", "history/"])
def test_nobody_edits_or_deletes_an_order_by_hand(owner_client: Client, rest: str) -> None:
    order = paid()
    owner_client.post(url(order, rest), {"total_cents": 1, "post": "yes"})
    order.refresh_from_db()
    assert order.total_cents == 460


def test_names_with_markup_are_shown_as_text(owner_client: Client) -> None:
    order = paid(name="<script>alert(1)</script>", items=False)
    OrderItemFactory(photo=OrderPhotoFactory(order=order, filename='"><img src=x onerror=alert(1)>.jpg'))
    page = owner_client.get(url(order)).content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page


def test_tasks_are_called_by_portuguese_names(owner_client: Client) -> None:
    """Which email a task sends is said as in the list of emails."""
    order = OrderFactory(paid=True)
    OutboxMessage.objects.create(
        key="a", task="orders.email_customer", payload={"order_id": order.pk, "kind": "refunded:7"}
    )
    page = owner_client.get(f"/admin/orders/order/{order.pk}/change/", headers={"accept-language": "pt"})
    assert "Email ao cliente: reembolsada" in page.content.decode()
    assert "orders.email_customer" not in page.content.decode()
