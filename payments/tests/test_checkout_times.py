"""The times that checkout goes by, each tried on both sides: a key's life, a page's last minutes, a clock that is off (C5,
C43), and the draft that learns of its order (C66)."""

import datetime

import pytest
from django.utils import timezone

from orders import drafts
from orders.drafts import Draft
from orders.problems import DraftOrdered
from orders.tests import visitors
from payments import confirmation
from payments.models import PaymentAttempt
from payments.problems import PaymentServiceUnavailable
from payments.tests.stand_in import StandIn
from payments.tests.test_checkout import SESSIONS, answer_lost, made, start

pytestmark = pytest.mark.django_db(transaction=True)


def asked_in_vain(stripe_api: StandIn, minutes_ago: int) -> Draft:
    """Stripe made a Session so long ago, and the shop never heard."""
    draft = visitors.complete()
    answer_lost(stripe_api)
    with pytest.raises(PaymentServiceUnavailable):
        start(draft)
    PaymentAttempt.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=minutes_ago))
    return draft


@pytest.mark.parametrize(("minutes", "sent_again"), [(22 * 60 + 58, 1), (23 * 60 + 1, 0)])
def test_a_key_is_sent_again_for_twenty_three_hours(stripe_api: StandIn, minutes: int, sent_again: int) -> None:
    """C43: Stripe forgets it after twenty-four."""
    draft = asked_in_vain(stripe_api, minutes)
    before = len(made(stripe_api))
    start(draft)
    assert len(made(stripe_api)) - before == sent_again
    assert len(stripe_api.objects("checkout.session")) == 1
    assert PaymentAttempt.objects.get().session_id == stripe_api.objects("checkout.session")[0]["id"]


def test_a_lost_session_is_looked_for_from_five_minutes_before_the_attempt(stripe_api: StandIn) -> None:
    """C43: Stripe's clock and the shop's may differ so much."""
    draft = asked_in_vain(stripe_api, 24 * 60)
    created = int(PaymentAttempt.objects.get().created_at.timestamp())
    start(draft)
    asked = [call for call in stripe_api.calls(SESSIONS, "GET") if "created" in str(call["params"])]
    assert len(asked) == 1
    assert str(created - 300) in str(asked[0]["params"])


@pytest.mark.parametrize(("seconds", "pages"), [(110, 2), (150, 1)])
def test_a_page_that_closes_within_two_minutes_is_replaced(stripe_api: StandIn, seconds: int, pages: int) -> None:
    """C5."""
    draft = visitors.complete()
    start(draft)
    PaymentAttempt.objects.update(expires_at=timezone.now() + datetime.timedelta(seconds=seconds))
    start(draft)
    assert len(stripe_api.objects("checkout.session")) == pages


def test_a_draft_that_redis_does_not_know_as_ordered_learns_it_when_paid_again(stripe_api: StandIn) -> None:
    """C66: Redis lost the note, PostgreSQL knows."""
    draft = visitors.complete()
    order = start(draft).order
    stripe_api.pay(str(order.attempts.get().session_id))
    confirmation.settle_session(str(order.attempts.get().session_id))
    drafts.update(draft.id, lambda newest: setattr(newest, "ordered", None))
    with pytest.raises(DraftOrdered):
        start(draft)
    newest = drafts.get(draft.id)
    assert newest is not None
    assert newest.ordered == order.number
    assert len(stripe_api.objects("checkout.session")) == 1
