"""The history of payments (O6): PostgreSQL itself keeps it as it was written. Each refusal fails without its trigger."""

import pytest
from django.db import connection
from django.db.models import ProtectedError

from accounts.models import User
from orders.tests.factories import OrderFactory
from orders.tests.kept_rows import STATEMENTS, assert_refused, row
from payments.models import PaymentAttempt, PaymentEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> User:
    return User.objects.create_user("other@example.test")


@pytest.fixture
def event() -> PaymentEvent:
    attempt = PaymentAttempt.objects.create(order=OrderFactory(), method="checkout", amount_cents=460)
    staff = User.objects.create_user("staff@example.test")
    return PaymentEvent.objects.create(
        attempt=attempt, kind="accepted", from_state="pending", to_state="confirmed", actor=staff, why="one cent"
    )


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_payments_event_is_never_changed(event: PaymentEvent, other: User, statement: str) -> None:
    assert_refused(event, statement, other=other.pk)


def test_a_truncate_of_the_payments_reaches_no_event(event: PaymentEvent, other: User) -> None:
    assert_refused(event, "TRUNCATE payments_paymentattempt CASCADE", other=other.pk)


def test_the_actor_alone_may_leave_an_event(event: PaymentEvent) -> None:
    before = row(event)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_paymentevent SET actor_id = NULL")
    assert row(event) == before | {"actor_id": None}


def test_a_deleted_members_events_stay(event: PaymentEvent) -> None:
    before = row(event)
    User.objects.get(email="staff@example.test").delete()
    assert row(event) == before | {"actor_id": None}


def test_a_payment_with_a_history_is_not_deleted(event: PaymentEvent) -> None:
    with pytest.raises(ProtectedError):
        event.attempt.delete()
    assert PaymentAttempt.objects.get().events.get() == event
