"""A Multibanco reference as the API, the order page and the mails show it, and when it is gone from them: C6, C28, C29."""

import datetime

import pytest
from django.test import Client

from orders import drafts, links
from orders.models import Order
from orders.tests import visitors
from payments import confirmation
from payments.checkout import start_checkout
from payments.models import PaymentAttempt
from payments.tests.stand_in import Json, StandIn

pytestmark = pytest.mark.django_db(transaction=True)


def issued(stripe_api: StandIn, draft: drafts.Draft | None = None) -> PaymentAttempt:
    """An order whose customer chose Multibanco and has the reference."""
    order = start_checkout(draft or visitors.complete(), language="pt", terms=True).order
    attempt = order.attempts.get(state="pending")
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    return PaymentAttempt.objects.select_related("order").get(pk=attempt.pk)


def failed(stripe_api: StandIn, attempt: PaymentAttempt) -> None:
    stripe_api.answer_intent(str(attempt.intent_id), "fail")
    confirmation.settle_session(str(attempt.session_id))


def at_stripe(stripe_api: StandIn, attempt: PaymentAttempt) -> Json:
    """What Stripe shows its customer."""
    (intent,) = [row for row in stripe_api.objects("payment_intent") if row["id"] == attempt.intent_id]
    return dict(intent["next_action"]["multibanco_display_details"])


def in_the_api(order: Order) -> Json | None:
    answer = Client().get(f"/api/v1/orders/{order.number}/", {"t": links.token(order)})
    assert answer.status_code == 200
    found: Json | None = answer.json()["voucher"]
    return found


def changed(draft: drafts.Draft) -> drafts.Draft:
    """A second photo beside the first."""
    newest = drafts.get(draft.id)
    assert newest is not None
    return drafts.set_items(newest, [*newest.items, visitors.row(visitors.photo(newest, "outra.jpg"))])


def test_the_api_gives_the_reference_that_is_to_be_paid(stripe_api: StandIn) -> None:
    """C29, DESIGN §4: entity, reference, sum in cents and last day, and nothing else."""
    attempt = issued(stripe_api)
    shown = at_stripe(stripe_api, attempt)
    until = datetime.datetime.fromtimestamp(shown["expires_at"], datetime.UTC)
    assert in_the_api(attempt.order) == {
        "entity": shown["entity"],
        "reference": shown["reference"],
        "amount_cents": 70,
        "expires_at": until.isoformat().replace("+00:00", "Z"),
    }


def test_of_two_references_the_api_gives_the_one_that_is_open(stripe_api: StandIn) -> None:
    """C28: none after the first failed, then the second's."""
    draft = visitors.complete()
    first = issued(stripe_api, draft)
    failed(stripe_api, first)
    assert in_the_api(first.order) is None
    second = issued(stripe_api, draft)
    assert second.order_id == first.order_id
    voucher = in_the_api(first.order)
    assert voucher is not None
    assert voucher["reference"] == at_stripe(stripe_api, second)["reference"]
    assert voucher["reference"] != (first.voucher or {})["reference"]


def test_the_api_gives_no_reference_of_what_was_changed_or_paid_since(stripe_api: StandIn) -> None:
    """C6, C27."""
    draft = visitors.complete()
    outdated = issued(stripe_api, draft)
    changed(draft)
    assert in_the_api(outdated.order) is None
    paid = issued(stripe_api)
    stripe_api.answer_intent(str(paid.intent_id), "complete")
    confirmation.settle_session(str(paid.session_id))
    assert in_the_api(paid.order) is None
