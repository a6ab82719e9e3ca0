"""The admin's pages that are the shop's own: desk, list of orders, an order. axe-core looks at what the shop draws there."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import services as accounts
from accounts.models import User
from orders.models import Order
from payments.models import PaymentAttempt
from tests.browser.orders import order_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

DESK, TABS, LIST, ORDER = ".bo-desk", ".bo-todos", "#result_list", ".bo-order"


def signed_in(page: Page, person: User) -> Page:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    value = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": value, "domain": "127.0.0.1", "path": "/"}])
    return page


def paid_for(order: Order) -> Order:
    PaymentAttempt.objects.create(
        order=order,
        method="checkout",
        amount_cents=order.total_cents,
        received_cents=order.total_cents,
        state="confirmed",
        confirmed_at=timezone.now(),
        session_id=f"cs_test_{order.pk}",
        intent_id=f"pi_test_{order.pk}",
    )
    return order


def without_fault(page: Page, path: str, *parts: str) -> None:
    """What axe-core finds in these parts of the page, everything unfolded."""
    page.goto(path)
    page.evaluate("document.querySelectorAll('.bo-order details').forEach((node) => { node.open = true; })")
    for part in parts:
        expect(page.locator(part)).to_have_count(1)
        found = Axe().run(page, context=part, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{path} {part}\n{found.generate_report()}"


@pytest.mark.parametrize(("size", "language", "dark"), [("phone", "pt", True), ("desktop", "en", False)])
def test_desk_list_and_orders_are_without_fault(
    shop_page: Callable[..., Page], size: str, language: str, dark: bool
) -> None:
    orders = [paid_for(order_in(name)) for name in ("paid", "replace-photo", "shipped", "partly-refunded", "cancelled")]
    Order.objects.filter(pk=orders[-1].pk).update(payment_state="paid", address_flagged=True)
    owner, staff = accounts.ensure_owner("dona@example.test", None)[0], accounts.ensure_staff("s@example.test", None)[0]
    page = signed_in(shop_page(size, language, dark=dark), owner)
    without_fault(page, "/admin/", DESK)
    without_fault(page, "/admin/orders/order/", TABS, LIST)
    for order in orders:
        without_fault(page, f"/admin/orders/order/{order.pk}/change/", ORDER)
    page = signed_in(shop_page(size, language, dark=dark), staff)
    without_fault(page, f"/admin/orders/order/{orders[0].pk}/change/", ORDER)
