"""Every change of an order's state: once, from the right states, with its event and its effects."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import redis
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_redis import get_redis_connection

from accounts.models import User
from local.services import empty_database
from orders import checkout, drafts, services, snapshots
from orders.models import Order, OrderEvent
from orders.problems import DraftOrdered
from orders.services import InvalidTransition
from orders.tests import visitors
from orders.tests.factories import PERSON, OrderFactory, OrderPhotoFactory
from outbox.models import OutboxMessage
from uploads import stash

pytestmark = pytest.mark.django_db


def tasks(order: Order) -> set[str]:
    messages = OutboxMessage.objects.filter(payload__order_id=order.pk)
    return {f"{message.task}:{message.payload.get('kind', '')}".rstrip(":") for message in messages}


def paid(**fields: Any) -> Order:
    return OrderFactory(paid=True, **fields)


def test_payment_writes_the_person_and_plans_the_work() -> None:
    """The whole of it in one transaction; the photos are held for a month, until S3 has them."""
    order = visitors.pending("avó.jpg")
    order = services.mark_paid(order, snapshot=snapshots.load(order.number), why="checkout")
    assert (order.state, order.payment_state, order.name, order.email) == (
        "paid",
        "paid",
        "Maria João Ângelo",
        "maria@example.test",
    )
    assert order.paid_at is not None
    assert not order.address_flagged
    assert order.photos.get().filename == "avó.jpg"
    assert tasks(order) == {"orders.store_photos", "orders.email_owner", "orders.email_customer:confirmed"}
    event = order.events.get(kind="paid")
    assert (event.from_state, event.to_state, event.why) == ("pending", "paid", "checkout")
    assert get_redis_connection("default").ttl(f"photo:{order.photos.get().photo_id}") > 29 * 86_400


def test_a_second_payment_call_changes_nothing() -> None:
    """C9."""
    order = visitors.pending()
    first = services.mark_paid(order, snapshot=snapshots.load(order.number))
    again = services.mark_paid(order, delivery=PERSON | {"name": "Somebody Else"})
    assert (again.name, again.paid_at) == (first.name, first.paid_at)
    assert order.events.filter(kind="paid").count() == 1
    assert len(tasks(order)) == OutboxMessage.objects.count() == 3


def test_after_payment_the_draft_is_ordered(django_capture_on_commit_callbacks: Any) -> None:
    order = visitors.pending()
    with django_capture_on_commit_callbacks(execute=True):
        services.mark_paid(order, snapshot=snapshots.load(order.number))
    draft = drafts.get(order.draft_id)
    assert draft is not None
    assert draft.ordered == order.number


def test_with_redis_emptied_the_paid_order_still_has_its_address_and_asks_for_the_photos(settings: Any) -> None:
    """C49."""
    order = visitors.pending()
    empty_database(settings.REDIS_URL)
    assert snapshots.load(order.number) is None
    order = services.mark_paid(order, delivery=PERSON)
    assert (order.state, order.payment_state, order.name) == ("needs_photos", "paid", "Maria João Ângelo")
    assert order.photos.get().missing_since is not None
    assert tasks(order) == {"orders.email_customer:needs_photos"}
    assert [event.kind for event in order.events.all()] == ["created", "paid", "needs_photos"]


def test_an_address_rebuilt_from_stripe_is_flagged_for_the_owner() -> None:
    order = OrderFactory()
    services.mark_paid(order, delivery=PERSON, missing=[])
    order.refresh_from_db()
    assert order.address_flagged


def test_a_payment_revives_an_expired_order_but_not_a_cancelled_one() -> None:
    """C11: what happens with the money of a cancelled one is decided by payments."""
    expired, cancelled = OrderFactory(state="expired"), OrderFactory(state="cancelled")
    assert services.mark_paid(expired, delivery=PERSON, missing=[]).state == "paid"
    with pytest.raises(InvalidTransition):
        services.mark_paid(cancelled, delivery=PERSON, missing=[])
    cancelled.refresh_from_db()
    assert (cancelled.state, cancelled.name, cancelled.paid_at) == ("cancelled", "", None)


def test_awaiting_keeps_everything_until_four_days_after_the_voucher() -> None:
    """C26, C30."""
    order = visitors.pending()
    services.mark_awaiting(order, until=timezone.now() + timedelta(days=3))
    services.mark_awaiting(order, until=timezone.now() + timedelta(days=3))
    order.refresh_from_db()
    assert (order.state, order.payment_state, order.name) == ("pending", "awaiting", "")
    assert tasks(order) == {"orders.email_customer:awaiting"}
    client, week = get_redis_connection("default"), 7 * 86_400
    for key in (f"snapshot:{order.number}", f"draft:{order.draft_id}", f"photo:{order.photos.get().photo_id}"):
        assert week - 60 < client.ttl(key) <= week + 60


def test_an_order_that_expires_lets_its_photos_go(django_capture_on_commit_callbacks: Any) -> None:
    order = visitors.pending()
    photo_id = order.photos.get().photo_id
    stash.remove(order.draft_id, photo_id)
    assert stash.exists(photo_id)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.expire(order).state == "expired"
    assert not stash.exists(photo_id)
    assert snapshots.load(order.number) is None


def test_a_paid_order_does_not_expire() -> None:
    order = paid()
    assert services.expire(order).state == "paid"
    assert not order.events.exists()


def test_an_order_walks_to_its_customer_and_each_step_mails_once() -> None:
    """O4: shipped carries the tracking number; who did it is in the events."""
    staff = User.objects.create_user("staff@example.test", "a-long-password", is_staff=True)
    order = paid()
    for step in (services.start_production, services.mark_ready):
        step(order, actor=staff)
        step(order, actor=staff)
    services.ship(order, "CTT", "RR123456789PT", staff)
    services.ship(order, "CTT", "another", staff)
    services.mark_delivered(order, actor=staff)
    order.refresh_from_db()
    assert (order.state, order.carrier, order.tracking) == ("delivered", "CTT", "RR123456789PT")
    assert order.shipped_at is not None
    assert order.delivered_at is not None
    assert [(event.from_state, event.to_state) for event in order.events.all()] == [
        ("paid", "in_production"),
        ("in_production", "ready"),
        ("ready", "shipped"),
        ("shipped", "delivered"),
    ]
    assert {event.actor for event in order.events.all()} == {staff}
    kinds = ("in_production", "ready", "shipped", "delivered")
    assert tasks(order) == {f"orders.email_customer:{kind}" for kind in kinds}


def test_an_order_that_is_picked_up_is_not_shipped() -> None:
    order = paid(method="pickup", shipping_cents=0, total_cents=70)
    services.mark_ready(order)
    with pytest.raises(InvalidTransition):
        services.ship(order, "CTT", "1", None)
    assert services.mark_delivered(order).state == "delivered"


STEPS: dict[str, Callable[[Order], Order]] = {
    "start_production": services.start_production,
    "mark_ready": services.mark_ready,
    "ship": services.ship,
    "mark_delivered": services.mark_delivered,
    "cancel": services.cancel,
    "need_photos": lambda order: services.need_photos(order, []),
}


@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("start_production", "pending"),
        ("start_production", "shipped"),
        ("start_production", "needs_photos"),
        ("mark_ready", "pending"),
        ("mark_ready", "delivered"),
        ("ship", "pending"),
        ("ship", "cancelled"),
        ("ship", "needs_photos"),
        ("mark_delivered", "paid"),
        ("mark_delivered", "ready"),
        ("cancel", "shipped"),
        ("cancel", "delivered"),
        ("need_photos", "pending"),
        ("need_photos", "shipped"),
    ],
)
def test_a_step_from_the_wrong_state_is_refused_and_leaves_nothing(step: str, state: str) -> None:
    order = OrderFactory(state=state) if state in ("pending", "cancelled") else paid(state=state)
    with pytest.raises(InvalidTransition):
        STEPS[step](order)
    order.refresh_from_db()
    assert order.state == state
    assert not OrderEvent.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_photos_that_come_back_put_the_order_to_work_again() -> None:
    order = paid()
    photo = order.photos.get()
    services.need_photos(order, [photo.photo_id], why="gone")
    services.need_photos(order, [photo.photo_id], why="gone")
    assert tasks(order) == {"orders.email_customer:needs_photos"}
    assert services.photos_restored(order).state == "needs_photos"
    new = visitors.photo(drafts.create(), "again.jpg", 2000, 1000)
    services.replace_photo(order, photo.seq, new)
    order.refresh_from_db()
    photo.refresh_from_db()
    assert (order.state, photo.photo_id, photo.filename, photo.width, photo.missing_since) == (
        "paid",
        new.id,
        "again.jpg",
        2000,
        None,
    )
    assert stash.held(order.number) == [new.id]
    assert "orders.store_photos" in tasks(order)


def test_a_photo_that_nobody_asked_for_cannot_be_replaced() -> None:
    """C66."""
    order = paid()
    OrderPhotoFactory(order=order)
    with pytest.raises(InvalidTransition):
        services.replace_photo(order, 1, visitors.photo(drafts.create()))
    services.need_photos(order, [order.photos.get(seq=1).photo_id])
    with pytest.raises(InvalidTransition):
        services.replace_photo(order, 2, visitors.photo(drafts.create()))
    assert order.photos.get(seq=2).filename == ""


@pytest.mark.parametrize("field", ["name", "email", "street", "nif", "note", "place_id"])
def test_the_database_itself_refuses_a_person_before_payment(field: str) -> None:
    order = OrderFactory()
    with pytest.raises(IntegrityError, match="order_unpaid_holds_nothing_personal"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**{field: "x"})


def test_the_database_itself_refuses_work_on_an_unpaid_order() -> None:
    order = OrderFactory()
    with pytest.raises(IntegrityError, match="order_worked_on_is_paid"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(state="in_production")


def test_the_database_itself_refuses_sums_that_do_not_add_up() -> None:
    order = OrderFactory()
    with pytest.raises(IntegrityError, match="order_total_adds_up"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(total_cents=1)
    with pytest.raises(IntegrityError, match="item_quantity_in_bounds"), transaction.atomic():
        order.items.update(quantity=1000, line_cents=35_000)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_twenty_confirmations_at_once_pay_once() -> None:
    """C9. Without the row lock several would see the order unpaid and each write an event."""
    order = visitors.pending()
    snapshot = snapshots.load(order.number)
    together(20, lambda: services.mark_paid(order, snapshot=snapshot))
    assert order.events.filter(kind="paid").count() == 1
    assert OutboxMessage.objects.count() == 3


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_shipping_and_cancelling_at_once_end_in_one_of_the_two() -> None:
    """Without the row lock both would pass their check, and both leave their event."""
    for _round in range(5):
        order = paid()
        together(2, partial(services.ship, order, "CTT", "1"), partial(services.cancel, order))
        order.refresh_from_db()
        assert [event.to_state for event in order.events.all()] == [order.state]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_paying_and_expiring_at_once_never_loses_the_payment() -> None:
    """C11: a payment that comes just after the expiry revives the order."""
    for _round in range(5):
        order = visitors.pending()
        snapshot = snapshots.load(order.number)
        together(2, partial(services.mark_paid, order, snapshot=snapshot), partial(services.expire, order))
        order.refresh_from_db()
        assert order.paid_at is not None
        assert order.state in ("paid", "needs_photos")


def together(count: int, *actions: Callable[[], object]) -> None:
    """Runs the actions (each in turn) in `count` threads that start at the same moment; a refusal is no failure."""
    barrier = threading.Barrier(count)

    def run(action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            action()
        except InvalidTransition:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(actions[number % len(actions)],)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_frozen_order_survives_a_checkout_that_comes_after_payment(django_capture_on_commit_callbacks: Any) -> None:
    """C66."""
    order = visitors.pending()
    with django_capture_on_commit_callbacks(execute=True):
        services.mark_paid(order, snapshot=snapshots.load(order.number))
    draft = drafts.get(order.draft_id)
    assert draft is not None
    with pytest.raises(DraftOrdered):
        checkout.freeze(draft, language="pt", terms=True)
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_every_step_opens_a_transaction_of_its_own() -> None:
    """The row lock needs one: outside it PostgreSQL is not even asked."""
    order = paid()
    services.start_production(order)
    services.mark_ready(order)
    services.ship(order, "CTT", "RR123456789PT")
    services.mark_delivered(order)
    kinds = ["in_production", "ready", "shipped", "delivered"]
    assert list(order.events.order_by("pk").values_list("kind", flat=True)) == kinds
    assert services.cancel(paid()).state == "cancelled"
    assert services.cancel_for_customer(paid()).state == "cancelled"
    assert services.expire(OrderFactory()).state == "expired"
    assert services.mark_awaiting(OrderFactory()).payment_state == "awaiting"
    asked = paid()
    services.need_photos(asked, [asked.photos.get().photo_id])
    assert services.photos_restored(asked).state == "needs_photos"
    assert services.replace_photo(asked, 1, visitors.photo(drafts.create())).state == "paid"
    asked.photos.update(stored_at=timezone.now())
    services.ask_for_photo(asked, 1, "too dark")
    asked.refresh_from_db()
    assert asked.state == "needs_photos"


@pytest.mark.django_db(transaction=True)
def test_a_payment_stands_when_redis_fails_right_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """C66: checkout finds the paid order in PostgreSQL, so that the note on the draft may be missing."""
    order = visitors.pending()

    def away(*_unused: object) -> None:
        raise redis.ConnectionError("connection refused")

    monkeypatch.setattr(drafts, "mark_ordered", away)
    assert services.mark_paid(order, snapshot=snapshots.load(order.number)).state == "paid"
    order.refresh_from_db()
    assert (order.state, order.payment_state) == ("paid", "paid")
