"""A page or Intent that Stripe would not close counts as closed nowhere: C5, C6."""

from collections.abc import Callable
from typing import Any

import pytest

from orders import drafts
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import at_stripe, expiry, gateway, leftovers, link_closing, link_payments, tasks
from payments.models import LinkPayment, PaymentAttempt
from payments.problems import PaymentServiceUnavailable
from payments.tests.stand_in import StandIn
from payments.tests.test_elements import start
from payments.tests.test_payment_links import link

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = {"checkout": "checkout.session", "elements": "payment_intent"}
OTHER = {"checkout": "elements", "elements": "checkout"}
CALLS = {"checkout": "expire_session", "elements": "cancel_intent"}
PATHS = {"checkout": "/expire", "elements": "/cancel"}
WHYS = ["403", "refused"]
OPEN = ("open", "requires_payment_method")


def statuses(stripe_api: StandIn, method: str) -> list[str]:
    return [row["status"] for row in stripe_api.objects(KINDS[method])]


def refuse(stripe_api: StandIn, patch: pytest.MonkeyPatch, method: str, why: str) -> None:
    """Stripe's key may not close it, or Stripe will not, and it stays open."""

    def refused(_id: str) -> Any:
        raise gateway.GatewayRefused("resource_busy", status=400)

    if why == "403":
        stripe_api.fail("403", path=PATHS[method])
    else:
        patch.setattr(gateway, CALLS[method], refused)


@pytest.mark.parametrize("why", WHYS)
@pytest.mark.parametrize("method", KINDS)
def test_a_page_that_stripe_would_not_close_is_closed_by_the_next_try(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch, method: str, why: str
) -> None:
    """C6: the task of the edit stays to be done, and the order stays open as its page does."""
    draft = visitors.complete()
    start(draft, method)
    drafts.set_items(draft, [row | {"quantity": 5} for row in draft.items])
    message = OutboxMessage.objects.get(task="payments.expire_attempts")
    with monkeypatch.context() as patch:
        refuse(stripe_api, patch, method, why)
        tasks.expire_attempts(message.pk)
    message.refresh_from_db()
    attempt = PaymentAttempt.objects.get()
    assert (message.state, attempt.state, attempt.order.state) == ("pending", "pending", "pending")
    assert statuses(stripe_api, method)[0] in OPEN
    OutboxMessage.objects.update(leased_until=None)  # its time has come
    tasks.expire_attempts(message.pk)
    message.refresh_from_db()
    attempt = PaymentAttempt.objects.get()
    assert (message.state, attempt.state, attempt.order.state) == ("done", "canceled", "expired")
    assert statuses(stripe_api, method)[0] in ("expired", "canceled")


@pytest.mark.parametrize("why", WHYS)
@pytest.mark.parametrize("method", KINDS)
def test_no_second_page_is_opened_beside_one_that_stripe_would_not_close(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch, method: str, why: str
) -> None:
    """C5: the customer changes to the other page."""
    draft = visitors.complete()
    start(draft, method)
    with monkeypatch.context() as patch:
        refuse(stripe_api, patch, method, why)
        with pytest.raises(PaymentServiceUnavailable):
            start(draft, OTHER[method])
    assert (PaymentAttempt.objects.get().state, statuses(stripe_api, OTHER[method])) == ("pending", [])
    start(draft, OTHER[method])
    assert statuses(stripe_api, method)[0] in ("expired", "canceled")
    assert statuses(stripe_api, OTHER[method])[0] in OPEN


@pytest.mark.parametrize(("why", "raised"), [("403", gateway.GatewayMisconfigured), ("refused", at_stripe.StillOpen)])
def test_a_closed_links_page_that_stripe_would_not_close_is_tried_again(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch, why: str, raised: type[Exception]
) -> None:
    """C6's rule for links."""
    payment = link_payments.start(link().pk, "", "pt")
    link_closing.close(payment.link_id)
    with monkeypatch.context() as patch:
        refuse(stripe_api, patch, "checkout", why)
        with pytest.raises(raised):
            link_closing.end_pages(payment.link_id)
    assert (LinkPayment.objects.get().state, statuses(stripe_api, "checkout")) == ("pending", ["open"])
    link_closing.end_pages(payment.link_id)
    assert (LinkPayment.objects.get().state, statuses(stripe_api, "checkout")) == ("canceled", ["expired"])


def first_refused(patch: pytest.MonkeyPatch) -> None:
    """Stripe will not close the first page that it is asked to close, ever."""
    refused: list[str] = []
    close: Callable[[str], Any] = gateway.expire_session

    def expire(session_id: str) -> Any:
        if session_id in (refused or [session_id]):
            refused[:] = [session_id]
            raise gateway.GatewayRefused("resource_busy", status=400)
        return close(session_id)

    patch.setattr(gateway, "expire_session", expire)


def test_one_page_that_stays_open_keeps_no_other_from_being_closed(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of a link's pages nor of what the sweep looks at."""
    made = link(single_use=False)
    for visitor in ("a", "b"):
        link_payments.start(made.pk, visitor, "pt")
    link_closing.close(made.pk)
    with monkeypatch.context() as patch:
        first_refused(patch)
        with pytest.raises(at_stripe.StillOpen):
            link_closing.end_pages(made.pk)
    assert sorted(statuses(stripe_api, "checkout")) == ["expired", "open"]
    for _order in range(2):
        start(visitors.complete(), "checkout")
    PaymentAttempt.objects.update(expires_at="2020-01-01T00:00Z")
    with monkeypatch.context() as patch:
        first_refused(patch)
        assert leftovers.run() == 2
    assert sorted(PaymentAttempt.objects.values_list("state", flat=True)) == ["canceled", "pending"]


def test_what_was_paid_before_it_could_be_closed_is_settled(stripe_api: StandIn) -> None:
    """C66: a refusal that means just that."""
    attempt = start(visitors.complete(), "checkout").order.attempts.get()
    stripe_api.pay(str(attempt.session_id))
    expiry.close_attempt(attempt)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state) == ("confirmed", "paid")
