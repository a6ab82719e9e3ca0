"""The admin's lists beside that of the orders: one row or twenty-five, they ask the database the same number of times."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from orders.models import Coupon
from orders.tests.factories import OrderFactory
from outbox.models import OutboxMessage
from payments.models import Discrepancy, LinkPayment, PaymentAttempt, PaymentLink, WebhookEvent

ROWS = 25


def event(number: int) -> None:
    WebhookEvent.objects.create(event_id=f"evt_{number}", type="charge.refunded", happened_at=timezone.now())


def message(number: int) -> None:
    OutboxMessage.objects.create(task="orders.email_owner", queue="mail", key=f"mail:{number}", state="failed")


def payment(number: int) -> PaymentAttempt:
    return PaymentAttempt.objects.create(order=OrderFactory(paid=True), method="checkout", amount_cents=70)


def payment_link(number: int) -> PaymentLink:
    maker = User.objects.create_user(f"maker{number}@example.test")
    return PaymentLink.objects.create(description=f"Sessão {number}", amount_cents=5000, created_by=maker)


def link_payment(number: int) -> None:
    LinkPayment.objects.create(link=payment_link(number), amount_cents=5000, expires_at=timezone.now())


def discrepancy(number: int) -> None:
    found = payment(number)
    Discrepancy.objects.create(kind="missing_here", object_id=f"pi_{number}", attempt=found, ours="", theirs="x")


def user(number: int) -> None:
    made = User.objects.create_user(f"staff{number}@example.test", is_staff=True)
    made.groups.add(*(Group.objects.get_or_create(name=name)[0] for name in (f"role {number}", "everybody")))


def coupon(number: int) -> None:
    made = Coupon.objects.create(code=f"VERAO{number}", kind="percent", percent=10)
    OrderFactory(paid=True, coupon=made)


@pytest.mark.parametrize(
    ("listed", "make", "others"),
    [
        ("payments/webhookevent", event, 0),
        ("outbox/outboxmessage", message, 0),
        ("payments/paymentattempt", payment, 0),
        ("payments/paymentlink", payment_link, 0),
        ("payments/linkpayment", link_payment, 0),
        ("payments/discrepancy", discrepancy, 0),
        ("accounts/user", user, 1),  # whoever looks at the list is on it
        ("orders/coupon", coupon, 0),
    ],
)
def test_a_list_of_twenty_five_asks_no_more_than_a_list_of_one(
    owner_client: Client, listed: str, make: Callable[[int], object], others: int
) -> None:
    def asked(rows: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = owner_client.get(f"/admin/{listed}/")
        assert len(answer.context["cl"].result_list) == rows + others
        return len(queries)

    make(0)
    asked(1)  # what a first visit learns and keeps
    one = asked(1)
    for number in range(1, ROWS):
        make(number)
    assert asked(ROWS) == one
