"""Whoever locks a row waits for somebody who is changing it, and goes on from what was written: C9, C32, C41.

Payments are changed under their order's (or link's) row, which decides most races by itself. These locks hold where somebody
writes without it: each test fails when its `select_for_update` is taken away.
"""

import pytest
from django.db import transaction
from django.utils import timezone

from orders import services
from orders.models import OrderPhoto
from orders.services import InvalidTransition
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg, stashed
from payments import attempts, link_rows, refunds
from payments.models import LinkPayment, PaymentAttempt, Refund
from payments.tests.stand_in import StandIn
from payments.tests.test_confirmation import attempt as start
from payments.tests.test_payment_links import link, paid
from payments.tests.test_refunds import pay
from payments.tests.together import before_it_is_committed
from uploads import stash

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def test_a_locked_attempt_is_read_as_its_last_writer_left_it(stripe_api: StandIn) -> None:
    """C9: `attempts.lock`, before anything is decided about the payment."""
    made = start()

    def charge() -> str:
        with transaction.atomic():
            return attempts.lock(made.pk)[1].charge_id

    written = PaymentAttempt.objects.filter(pk=made.pk)
    assert before_it_is_committed(lambda: written.update(charge_id="ch_1"), 1, charge) == ["ch_1"]


def test_a_links_locked_payment_is_read_as_its_last_writer_left_it(stripe_api: StandIn) -> None:
    """C9: `link_rows.lock`."""
    made = paid(stripe_api, link())

    def refunded() -> int:
        with transaction.atomic():
            return link_rows.lock(made.pk).refunded_cents

    written = LinkPayment.objects.filter(pk=made.pk)
    assert before_it_is_committed(lambda: written.update(refunded_cents=700), 1, refunded) == [700]


def test_a_refund_that_was_just_booked_as_arrived_is_not_put_back_to_pending(stripe_api: StandIn) -> None:
    """C36, C38: what was fetched before waits for the row, and is older than what it finds there."""
    made = pay(stripe_api)
    row = Refund.objects.create(attempt=made, amount_cents=10, currency="EUR", provider_id="re_1", state="pending")
    written = Refund.objects.filter(pk=row.pk)
    before_it_is_committed(
        lambda: written.update(state="succeeded"), 1, lambda: refunds._settle(row.pk, "pending", provider_id="re_1")
    )
    row.refresh_from_db()
    assert (row.state, row.settled_at) == ("succeeded", None)


def test_a_photo_that_is_being_asked_for_is_asked_for_once() -> None:
    """O4: `ask_for_photo` waits for the photo's row, finds it asked for, and sends no second mail."""
    order = OrderFactory(paid=True, stored_at=timezone.now())
    order.photos.update(stored_at=timezone.now(), storage_key="k")
    [refused] = before_it_is_committed(
        lambda: order.photos.update(missing_since=timezone.now()),
        1,
        lambda: services.ask_for_photo(order, 1, "escura"),
    )
    assert isinstance(refused, InvalidTransition)
    assert list(order.events.all()) == []
    assert OrderPhoto.objects.get().replace_reason == ""


def test_a_photo_that_is_being_put_in_its_place_is_not_replaced_by_a_second() -> None:
    """C66: `replace_photo` waits for the photo's row, finds that it is there already, and leaves nothing in Redis."""
    order = OrderFactory(paid=True, state="needs_photos", draft_id="draft")
    order.photos.update(missing_since=timezone.now())
    second = stashed(jpeg(seed=2))
    [refused] = before_it_is_committed(
        lambda: order.photos.update(missing_since=None, photo_id="p_first"),
        1,
        lambda: services.replace_photo(order, 1, second),
    )
    assert isinstance(refused, InvalidTransition)
    assert [photo.photo_id for photo in order.photos.all()] == ["p_first"]
    assert not stash.exists(second.id)
