"""How long Redis holds what an order needs, to the minute (C30, C49, C66): one unit more or less is noticed."""

import datetime

import pytest
from django.conf import settings
from django.utils import timezone
from django_redis import get_redis_connection

from orders import drafts, services, snapshots
from orders.models import Order
from orders.tests import visitors
from orders.tests.factories import OrderFactory
from uploads import stash

pytestmark = pytest.mark.django_db
MONTH = 30 * 86_400


def seconds(key: str) -> int:
    return int(get_redis_connection("default").ttl(key))


def test_photos_of_a_paid_order_are_held_for_thirty_days() -> None:
    order = visitors.pending()
    services.mark_paid(order, snapshot=snapshots.load(order.number))
    assert MONTH - 20 < seconds(f"photo:{order.photos.get().photo_id}") <= MONTH


def test_a_photo_that_replaces_another_is_held_for_thirty_days() -> None:
    """C66."""
    order: Order = OrderFactory(paid=True)
    services.need_photos(order, [order.photos.get().photo_id])
    new = visitors.photo(drafts.create())
    services.replace_photo(order, 1, new)
    assert MONTH - 20 < seconds(f"photo:{new.id}") <= MONTH


def test_a_delayed_payment_without_a_date_keeps_the_snapshot_as_long_as_a_draft() -> None:
    """C26."""
    order = visitors.pending()
    get_redis_connection("default").expire(f"snapshot:{order.number}", 3600)
    services.mark_awaiting(order)
    assert settings.DRAFT_TTL_SECONDS - 20 < seconds(f"snapshot:{order.number}") <= settings.DRAFT_TTL_SECONDS


def test_a_delayed_payment_holds_photos_that_the_draft_no_longer_has() -> None:
    """C30: three days to the voucher's last, and four more."""
    order = visitors.pending()
    photo_id = order.photos.get().photo_id
    stash.remove(order.draft_id, photo_id)
    services.mark_awaiting(order, until=timezone.now() + datetime.timedelta(days=3))
    assert 7 * 86_400 - 20 < seconds(f"photo:{photo_id}") <= 7 * 86_400
