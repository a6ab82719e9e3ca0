"""The end of a payment link: closed by the studio or past its time (C4, C11, C41, C43)."""

import datetime
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from outbox.models import OutboxMessage
from payments import at_stripe_links, gateway, link_closing, link_looks, link_payments, link_refunds
from payments.models import LinkPayment, PaymentLink
from payments.problems import LinkClosed, LinkEndsSoon
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_link_refunds import desk, sums
from payments.tests.test_payment_links import link, mails, run_refunds
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)
SESSIONS = "/v1/checkout/sessions"


def start(made: PaymentLink) -> LinkPayment:
    return link_payments.start(made.pk, "", "pt")


def fresh(payment: LinkPayment) -> LinkPayment:
    return LinkPayment.objects.get(pk=payment.pk)


def statuses(stripe_api: StandIn) -> list[str]:
    return [session["status"] for session in stripe_api.objects("checkout.session")]


def run_closings() -> None:
    """The tasks, each as often as a lost acknowledgement would have it."""
    for message in OutboxMessage.objects.filter(task="payments.close_link"):
        for _twice in range(2):
            link_closing.end_pages(message.payload["link_id"])


def take_turn(turns: Iterator[Callable[[], Any]]) -> Any:
    return next(turns)()


def close(payment: LinkPayment) -> bool:
    return link_closing.close(payment.link_id)


def ends_in(**time: float) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(**time)


def test_closing_ends_the_open_page_at_stripe(stripe_api: StandIn) -> None:
    """C11: from the list of links; who it was is kept (O6)."""
    payment, other = start(link()), start(link())
    owner = desk()
    for _twice in range(2):
        form = {"action": "close", "_selected_action": [payment.link_id]}
        assert owner.post("/admin/payments/paymentlink/", form).status_code == 302
    run_closings()
    assert (fresh(payment).state, fresh(other).state) == ("canceled", "pending")
    assert sorted(statuses(stripe_api)) == ["expired", "open"]
    event = payment.link.events.get(kind="closed")
    assert event.actor == User.objects.get(email="dona@example.test")
    with pytest.raises(LinkClosed):
        start(payment.link)


def test_a_link_is_closed_once(stripe_api: StandIn) -> None:
    """O6: of many who close it at once one did."""
    made = link()
    results = together(6, lambda: link_closing.close(made.pk))
    assert sorted(results) == [False] * 5 + [True]
    assert made.events.filter(kind="closed").count() == 1


def test_a_page_whose_answer_was_lost_is_found_and_ended(stripe_api: StandIn) -> None:
    """C41, C43: the same key gives the Session that has to be ended."""
    payment = start(link())
    LinkPayment.objects.update(session_id=None, state="created", url="")
    link_closing.close(payment.link_id)
    run_closings()
    assert (fresh(payment).state, statuses(stripe_api)) == ("canceled", ["expired"])


def test_a_page_that_stripe_never_made_is_ended_here(stripe_api: StandIn) -> None:
    """C43: its key is too old to be sent again, and Stripe's list does not have it."""
    payment = start(link())
    stripe_api.reset()
    LinkPayment.objects.update(session_id=None, state="created", url="", expires_at=ends_in(hours=-1))
    link_closing.close(payment.link_id)
    run_closings()
    assert (fresh(payment).state, statuses(stripe_api)) == ("canceled", [])


def test_a_page_that_stripe_does_not_know_is_ended_here(stripe_api: StandIn) -> None:
    """C22's idea: it was another account's; the other pages of the link are closed all the same."""
    made = link(single_use=False)
    gone = link_payments.start(made.pk, "a", "pt")
    LinkPayment.objects.update(session_id="cs_test_another_accounts")
    known = link_payments.start(made.pk, "b", "pt")
    link_closing.close(made.pk)
    run_closings()
    assert [fresh(payment).state for payment in (gone, known)] == ["canceled", "canceled"]
    assert statuses(stripe_api) == ["open", "expired"]


def test_while_stripe_is_away_the_closing_waits(stripe_api: StandIn) -> None:
    """C50: the task is tried again; meanwhile nobody begins to pay."""
    payment = start(link())
    link_closing.close(payment.link_id)
    stripe_api.fail("500", path=f"{SESSIONS}/{payment.session_id}/expire", times=9)
    with pytest.raises(gateway.GatewayUnavailable):
        run_closings()
    assert (fresh(payment).state, statuses(stripe_api)) == ("pending", ["open"])
    stripe_api.behave()
    gateway.breaker.close()
    run_closings()
    assert (fresh(payment).state, statuses(stripe_api)) == ("canceled", ["expired"])


def test_a_link_closed_while_stripe_is_asked_leaves_nothing_payable(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C6's rule for links: the closing comes between the committed row and Stripe's answer."""
    made, real = link(), at_stripe_links.ask

    def closed_meanwhile(payment: LinkPayment) -> Any:
        found = real(payment)
        link_closing.close(made.pk)
        return found

    monkeypatch.setattr(at_stripe_links, "ask", closed_meanwhile)
    with pytest.raises(LinkClosed):
        start(made)
    assert (made.payments.get().state, statuses(stripe_api)) == ("canceled", ["expired"])


@pytest.mark.parametrize("known_here", ["by the task", "by the webhook"])
def test_what_is_paid_on_a_closed_link_goes_back(stripe_api: StandIn, known_here: str) -> None:
    """C11: paid before the task could end the page; back whole and once, whoever hears of it first."""
    payment = start(link())
    link_closing.close(payment.link_id)
    stripe_api.pay(str(payment.session_id))
    steps: list[Callable[[], None]] = [run_closings, lambda: deliver(stripe_api.objects("event"))]
    for step in steps if known_here == "by the task" else steps[::-1]:
        step()
    run_refunds()
    run_refunds()
    assert (fresh(payment).state, fresh(payment).refunded_cents, sums(stripe_api)) == ("confirmed", 5000, [5000])
    assert payment.refunds.get().reason == "the link was closed"
    assert "receipt" not in mails()


@pytest.mark.race
def test_paid_and_closed_at_once_is_kept_or_goes_back_whole(stripe_api: StandIn) -> None:
    """C11: four times; the link's row decides which was first, and the books say the same as Stripe."""
    for _time in range(4):
        payment = start(link())
        stripe_api.pay(str(payment.session_id))
        found = gateway.retrieve_session(str(payment.session_id))
        turns = itertools.cycle([functools.partial(link_payments.settle, found), functools.partial(close, payment)])
        together(6, functools.partial(take_turn, turns))
        run_refunds()
        events = list(payment.link.events.values_list("kind", flat=True))
        first = events.index("closed") < events.index("confirmed")
        assert fresh(payment).refunded_cents == (5000 if first else 0), events


def test_a_page_ends_with_its_link(stripe_api: StandIn) -> None:
    """C4: never later than the link, never later than any other page."""
    soon, late = link(expires_at=ends_in(minutes=45)), link(expires_at=ends_in(days=9))
    for made in (soon, late, link()):
        start(made)
    first, second, third = (session["expires_at"] for session in stripe_api.objects("checkout.session"))
    assert first == int(soon.expires_at.timestamp())  # type: ignore[union-attr]  # known to be there
    assert abs(second - third) < 30


def test_too_late_to_begin_is_said_and_nothing_is_opened(stripe_api: StandIn) -> None:
    """C4: Stripe opens no page for less than half an hour."""
    made = link(expires_at=ends_in(minutes=30, seconds=30))
    with pytest.raises(LinkEndsSoon):
        start(made)
    answer = Client(headers={"accept-language": "en"}).post(f"/pay/{made.token}/")
    assert (answer.status_code, b"too short to begin a payment" in answer.content) == (409, True)
    assert (stripe_api.objects("checkout.session"), LinkPayment.objects.count()) == ([], 0)


def test_a_page_opened_in_time_is_given_again_until_the_end(stripe_api: StandIn) -> None:
    """C5."""
    made = link(expires_at=ends_in(minutes=40))
    payment = start(made)
    PaymentLink.objects.update(expires_at=ends_in(minutes=20))
    assert start(made).session_id == payment.session_id


def test_a_reference_issued_in_time_is_welcome_after_the_links_end(stripe_api: StandIn) -> None:
    """C11: as an order that ran out; nothing else can be paid after the end."""
    payment = start(link(expires_at=ends_in(hours=2)))
    stripe_api.pay(str(payment.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    PaymentLink.objects.update(expires_at=ends_in(minutes=-1))
    stripe_api.answer_intent(stripe_api.objects("payment_intent")[0]["id"], "complete")
    deliver(stripe_api.objects("event"))
    assert (fresh(payment).state, payment.refunds.count(), mails()[-1]) == ("confirmed", 0, "receipt")


def test_the_admin_takes_no_end_that_leaves_no_time_to_pay(stripe_api: StandIn) -> None:
    tomorrow, now = (timezone.localtime(ends_in(days=days)) for days in (1, 0))
    for ends, made in ((now, 0), (tomorrow, 1)):
        date, clock = f"{ends:%Y-%m-%d}", f"{ends:%H:%M}"
        form = {"euros": "12.34", "description": "Moldura", "expires_at_0": date, "expires_at_1": clock}
        desk().post("/admin/payments/paymentlink/add/", form)
        assert PaymentLink.objects.count() == made


def test_money_of_a_closed_link_stays_on_the_desk_when_a_part_went_back_by_another_hand(stripe_api: StandIn) -> None:
    """C11, C38: refunded in part in Stripe's dashboard before the shop asked for the whole, which Stripe then refused."""
    payment = start(link())
    stripe_api.pay(str(payment.session_id))
    close(payment)
    link_payments.settle(gateway.retrieve_session(str(payment.session_id)))
    stripe_api.dashboard_refund(fresh(payment).charge_id, 700)
    run_refunds()
    link_refunds.sync(str(fresh(payment).intent_id))
    states = payment.refunds.values_list("amount_cents", "state")
    assert (list(states), sums(stripe_api)) == ([(5000, "failed"), (700, "succeeded")], [700])
    assert list(link_looks.to_look_at()) == [payment]
    link_refunds.refund(payment.pk, reason="the rest")
    assert list(link_looks.to_look_at()) == [payment]
    run_refunds()
    assert (sums(stripe_api), list(link_looks.to_look_at())) == ([700, 4300], [])
