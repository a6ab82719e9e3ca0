"""Work about an order's money that gives up is seen at the order: O1, C22."""

from typing import Any

import pytest

from accounts.models import User
from backoffice import order_page, todo
from local.fixtures import Sandbox
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import books, cancelling, confirmation, gateway, refunds, tasks
from payments.tests.stand_in import DISPUTED, StandIn
from payments.tests.test_confirmation import attempt as start
from payments.tests.test_late_money import changed
from payments.tests.test_refunds import pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stripe_api(sandbox: Sandbox) -> StandIn:
    """The stand-in for Stripe, empty and well-behaved."""
    return StandIn(sandbox.url)


def all_planned(stripe_api: StandIn) -> dict[str, int]:
    """Each kind of work that payments plan, with the order that it is about."""
    orders: dict[str, int] = {}
    draft = visitors.complete("a.jpg")
    orders["payments.expire_attempts"] = start(draft).order_id
    changed(draft)
    disputed = pay(stripe_api, card=DISPUTED)
    books.apply_dispute(gateway.retrieve_dispute(stripe_api.objects("dispute")[0]["id"]))
    orders["payments.email_owner"] = disputed.order_id
    paid = pay(stripe_api)
    refunds.refund(paid.pk, 30, reason="x")
    orders["payments.send_refund"] = paid.order_id
    cancelling.cancel_for_customer(paid.order)
    orders["payments.refund_cancelled"] = paid.order_id
    late = start(visitors.complete("b.jpg"))
    stripe_api.pay(str(late.session_id))
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    cancelling.cancel_for_studio(late.order, actor=owner)
    confirmation.settle_session(str(late.session_id))
    orders["payments.close_attempt"] = orders["payments.give_back"] = late.order_id
    return orders


def test_each_kind_of_work_that_gives_up_is_among_the_failed_tasks_of_its_order(stripe_api: StandIn) -> None:
    """O1: by its name in the owner's language."""
    orders = all_planned(stripe_api)
    assert set(OutboxMessage.objects.filter(task__startswith="payments.").values_list("task", flat=True)) == set(orders)
    for task, order_id in orders.items():
        OutboxMessage.objects.update(state=OutboxMessage.State.PENDING)
        rows = OutboxMessage.objects.filter(task=task, payload__order_id=order_id)
        assert rows.exists(), task
        rows.update(state=OutboxMessage.State.FAILED)
        assert set(todo.failed_order_ids()) == {order_id}, task
        assert task in order_page.TASKS


def test_all_work_takes_what_is_planned_for_it(stripe_api: StandIn) -> None:
    """C22: a payload that a task does not take would end as a failure of its own."""
    all_planned(stripe_api)
    rows = list(OutboxMessage.objects.filter(task__startswith="payments."))
    for row in rows:
        run: Any = getattr(tasks, row.task.removeprefix("payments."))
        run(row.pk)
        row.refresh_from_db()
        assert "TypeError" not in row.last_error, row.task
    assert {row.state for row in rows} == {"done"}
