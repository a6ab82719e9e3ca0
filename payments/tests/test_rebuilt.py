"""The frozen data of an order that Redis lost, put back from what Stripe carries: C28, C29, C49."""

import pytest

from orders import snapshots
from orders.models import Order
from orders.tests import visitors
from payments import gateway, rebuilt
from payments.tests.stand_in import StandIn
from payments.tests.test_confirmation import attempt as start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("state", "kept"), [("pending", True), ("cancelled", False), ("expired", False)])
def test_only_a_pending_orders_lost_data_are_put_back(stripe_api: StandIn, state: str, kept: bool) -> None:
    attempt = start()
    session = gateway.retrieve_session(str(attempt.session_id))
    snapshots.delete(attempt.order.number)
    Order.objects.update(state=state)
    rebuilt.remember(Order.objects.get(), session)
    found = snapshots.load(attempt.order.number)
    assert (found is not None) is kept
    if found is not None:
        assert (found.order, found.delivery["email"]) == (attempt.order.number, visitors.POST["email"])
        assert found.photo_ids == [photo.photo_id for photo in attempt.order.photos.all()]


def test_what_was_frozen_and_is_still_there_is_left_as_it_is(stripe_api: StandIn) -> None:
    """Stripe carries less: no names of files, no verdict of Google."""
    attempt = start()
    before = snapshots.load(attempt.order.number)
    rebuilt.remember(attempt.order, gateway.retrieve_session(str(attempt.session_id)))
    assert before is not None
    assert (before.filenames, snapshots.load(attempt.order.number)) == ({1: "praia.jpg"}, before)
