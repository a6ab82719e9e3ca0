"""The history of orders (O6): PostgreSQL itself keeps it as it was written. Each refusal fails without its trigger."""

import os

import pgtrigger
import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.models import ProtectedError

from accounts.models import User
from orders.models import Order, OrderEvent
from orders.tests.factories import OrderFactory
from orders.tests.kept_rows import STATEMENTS, assert_refused, row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> User:
    return User.objects.create_user("other@example.test")


@pytest.fixture
def event() -> OrderEvent:
    return OrderEvent.objects.create(
        order=OrderFactory(paid=True),
        kind="in_production",
        from_state="paid",
        to_state="in_production",
        actor=User.objects.create_user("staff@example.test"),
        why="printed today",
    )


@pytest.mark.parametrize("statement", STATEMENTS)
def test_an_orders_event_is_never_changed(event: OrderEvent, other: User, statement: str) -> None:
    assert_refused(event, statement, other=other.pk)


def test_a_truncate_of_the_orders_reaches_no_event(event: OrderEvent, other: User) -> None:
    assert_refused(event, "TRUNCATE orders_order CASCADE", other=other.pk)


def test_the_actor_alone_may_leave_an_event(event: OrderEvent) -> None:
    before = row(event)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_orderevent SET actor_id = NULL")
    assert row(event) == before | {"actor_id": None}


def test_an_event_without_an_actor_gets_none_afterwards(event: OrderEvent, other: User) -> None:
    """Nor is one that never had an actor written again with the same values."""
    OrderEvent.objects.update(actor=None)
    assert_refused(event, "UPDATE {table} SET actor_id = {other}", other=other.pk)
    assert_refused(event, "UPDATE {table} SET actor_id = NULL", other=other.pk)


def test_a_deleted_members_events_stay(event: OrderEvent) -> None:
    before = row(event)
    User.objects.get(email="staff@example.test").delete()
    assert row(event) == before | {"actor_id": None}


def test_an_order_with_a_history_is_not_deleted(event: OrderEvent) -> None:
    with pytest.raises(ProtectedError):
        event.order.delete()
    order = Order.objects.get()
    assert (order.events.count(), order.photos.count(), order.items.count()) == (1, 1, 1)


def test_neither_save_nor_delete_reaches_an_event(event: OrderEvent) -> None:
    before = row(event)
    event.why = "rewritten"
    with pytest.raises(IntegrityError):
        event.save()
    with pytest.raises(IntegrityError):
        event.delete()
    assert row(event) == before


def test_manage_py_flush_is_refused(event: OrderEvent) -> None:
    """Only the tests' own emptying between two tests is let by (conftest.py)."""
    with pytest.raises(CommandError):
        call_command("flush", interactive=False)
    assert Order.objects.get().events.get() == event


def test_other_programs_meet_the_triggers_while_this_one_ignores_them(event: OrderEvent) -> None:
    """The workers and web servers that tests start are other programs: pgtrigger.ignore here opens nothing there."""
    address = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + str(connection.settings_dict["NAME"])
    before = row(event)
    with pgtrigger.ignore(), psycopg.connect(address, autocommit=True) as outside:
        for statement in STATEMENTS[:1] + STATEMENTS[5:]:
            with pytest.raises(psycopg.errors.RestrictViolation):
                outside.execute(statement.format(table="orders_orderevent"))
    assert row(event) == before


def test_one_opened_trigger_leaves_the_others_shut(event: OrderEvent, other: User) -> None:
    with pgtrigger.ignore("orders.OrderEvent:no_update"):
        OrderEvent.objects.update(why="by intent")
        assert_refused(event, "DELETE FROM {table}", other=other.pk)
        assert_refused(event, "TRUNCATE {table}", other=other.pk)
    assert OrderEvent.objects.get().why == "by intent"
    assert_refused(event, "UPDATE {table} SET why = 'rewritten'", other=other.pk)
