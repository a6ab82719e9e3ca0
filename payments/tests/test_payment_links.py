"""Payment links against the stand-in: one payable, confirmed by webhook or return, refunds, no price from the address."""

import datetime
import io
import itertools
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from outbox.models import OutboxMessage
from payments import facts, gateway, link_payments, link_refunds, link_rows
from payments.models import Discrepancy, LinkPayment, PaymentLink, WebhookEvent
from payments.problems import LinkClosed
from payments.reconciliation.days import Day
from payments.reconciliation.run import reconcile
from payments.tests.stand_in import DISPUTED, StandIn, deliver
from payments.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)
SESSIONS = "/v1/checkout/sessions"


def link(**changes: Any) -> PaymentLink:
    return link_payments.make(5000, "Sessão de retrato", **changes)


def paid(stripe_api: StandIn, of: PaymentLink, **how: Any) -> LinkPayment:
    payment = link_payments.start(of.pk, "v", "pt")
    stripe_api.pay(str(payment.session_id), **how)
    deliver(stripe_api.objects("event"))
    payment.refresh_from_db()
    return payment


def run_refunds() -> None:
    """The tasks, each as often as a lost acknowledgement would have it."""
    for message in OutboxMessage.objects.filter(task="payments.refund_link"):
        for _twice in range(2):
            link_refunds.send(message.payload["refund_id"])


def mails() -> list[str]:
    rows = OutboxMessage.objects.filter(task="payments.email_link").order_by("pk")
    return [row.payload["kind"] for row in rows]


def test_the_command_prints_an_address_that_is_paid_by_the_webhook_alone(stripe_api: StandIn) -> None:
    said = io.StringIO()
    call_command("payment_link", "50,00", "Sessão de retrato", stdout=said)
    made = PaymentLink.objects.get()
    assert said.getvalue().strip() == f"{made.address}"
    answer = Client().post(f"/pay/{made.token}/", {"amount": "1", "amount_cents": "1"})
    session = stripe_api.objects("checkout.session")[0]
    assert (answer.status_code, session["amount_total"]) == (302, 5000)
    stripe_api.pay(session["id"])
    deliver(stripe_api.objects("event"))
    payment = made.payments.get()
    assert (payment.state, payment.received_cents, mails()) == ("confirmed", 5000, ["paid", "receipt"])
    assert payment.charge_id == stripe_api.objects("charge")[0]["id"]
    assert b"This has been paid" in Client().get(f"/pay/{made.token}/", headers={"Accept-Language": "en"}).content or (
        "pago" in Client().get(f"/pay/{made.token}/").content.decode()
    )


@pytest.mark.parametrize("amount", ["0.49", "fifty", "1.001", "-5", "NaN", "1e9"])
def test_a_sum_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(CommandError):
        call_command("payment_link", "--", amount, "Retrato")
    assert PaymentLink.objects.count() == 0


@pytest.mark.parametrize("minutes", [-1, 30])
def test_the_command_refuses_an_end_before_which_no_page_at_stripe_can_be_open(minutes: int) -> None:
    """C4, as the admin does."""
    ends = timezone.localtime() + datetime.timedelta(minutes=minutes)
    with pytest.raises(CommandError, match="half an hour at least"):
        call_command("payment_link", "50", "Retrato", expires=ends)
    assert not PaymentLink.objects.exists()


def test_the_address_bar_sets_no_price(stripe_api: StandIn) -> None:
    made = link()
    Client().post(f"/pay/{made.token}/?amount=1&amount_cents=1&currency=usd")
    session = stripe_api.objects("checkout.session")[0]
    assert (session["amount_total"], session["currency"]) == (5000, "eur")


@pytest.mark.race
def test_eight_clicks_at_once_leave_one_payable_session(stripe_api: StandIn) -> None:
    """C5: a link that can be paid once has one Session for all who open it."""
    made = link()
    results = together(8, lambda: link_payments.start(made.pk, "", "pt").session_id)
    assert len(set(results)) == 1
    assert len(stripe_api.objects("checkout.session")) == 1


def test_two_open_payments_of_a_visitor_are_refused_by_the_database() -> None:
    made = link()
    values = {"link": made, "amount_cents": 5000, "expires_at": timezone.now()}
    LinkPayment.objects.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        LinkPayment.objects.create(**values)
    assert LinkPayment.objects.count() == 1


def test_a_lost_answer_is_asked_for_with_the_same_key(stripe_api: StandIn) -> None:
    """C41, C43."""
    made = link()
    stripe_api.fail("reset", path="/v1/checkout/sessions", when="after", times=1)
    first = link_payments.start(made.pk, "", "pt")
    LinkPayment.objects.update(session_id=None, state="created", url="")
    assert link_payments.start(made.pk, "", "pt").session_id == first.session_id
    assert len(stripe_api.objects("checkout.session")) == 1


def test_a_replayed_500_is_reconciled(stripe_api: StandIn) -> None:
    """C44: the key answers 500 for good although the Session exists: it is found, and no second one is made."""
    stripe_api.fail("500", path=SESSIONS, method="POST", when="after")
    payment = link_payments.start(link().pk, "", "pt")
    (session,) = stripe_api.objects("checkout.session")
    assert (payment.state, payment.session_id, payment.url) == ("pending", session["id"], session["url"])


def test_a_replayed_500_of_what_was_never_made_gets_a_new_key(stripe_api: StandIn) -> None:
    """C44: Stripe's list has no Session of the key; the old payment ends and another one is asked for."""
    stripe_api.fail("500", path=SESSIONS, method="POST", when="before")
    made = link()
    payment = link_payments.start(made.pk, "", "pt")
    (session,) = stripe_api.objects("checkout.session")
    assert (payment.state, payment.session_id) == ("pending", session["id"])
    assert sorted(made.payments.values_list("state", flat=True)) == ["canceled", "pending"]
    posts = [call for call in stripe_api.calls(SESSIONS, "POST") if call["path"] == SESSIONS]
    assert len({call["idempotency_key"] for call in posts}) == 2


def test_an_answer_that_never_came_and_is_too_old_to_ask_for_is_looked_up(stripe_api: StandIn) -> None:
    """C43, C44: its page would have closed by now; Stripe's list says that it never made one, and a new one is opened."""
    made = link()
    old = link_payments.start(made.pk, "", "pt")
    stripe_api.reset()
    past = timezone.now() - datetime.timedelta(hours=1)
    LinkPayment.objects.update(session_id=None, state="created", url="", expires_at=past)
    assert link_payments.start(made.pk, "", "pt").pk != old.pk
    assert LinkPayment.objects.get(pk=old.pk).state == "canceled"


@pytest.mark.race
def test_webhook_and_return_at_once_confirm_once(stripe_api: StandIn) -> None:
    """C9."""
    made = link()
    session_id = str(link_payments.start(made.pk, "", "pt").session_id)
    stripe_api.pay(session_id)
    results = together(8, lambda: link_payments.confirm_return(made, session_id))
    assert not [result for result in results if isinstance(result, Exception)]
    assert mails() == ["paid", "receipt"]


def test_a_link_is_paid_once_or_many_times_as_made(stripe_api: StandIn) -> None:
    once, many = link(), link(single_use=False)
    paid(stripe_api, once)
    with pytest.raises(LinkClosed):
        link_payments.start(once.pk, "another", "pt")
    assert Client().post(f"/pay/{once.token}/").status_code == 409
    first, second = (link_payments.start(many.pk, visitor, "pt") for visitor in ("a", "b"))
    assert first.session_id != second.session_id
    for payment in (first, second):
        stripe_api.pay(str(payment.session_id))
    deliver(stripe_api.objects("event"))
    assert many.payments.filter(state="confirmed").count() == 2


def test_an_expired_or_closed_link_is_not_payable(stripe_api: StandIn) -> None:
    past = timezone.now() - datetime.timedelta(minutes=1)
    for made in (link(expires_at=past), link()):
        PaymentLink.objects.filter(expires_at=None).update(closed_at=past)
        assert Client().post(f"/pay/{made.token}/").status_code == 409
        assert b'<form method="post" action="/pay/' not in Client().get(f"/pay/{made.token}/").content
    assert stripe_api.objects("checkout.session") == []
    assert Client().get(f"/pay/{'0' * 32}/").status_code == 404


def test_a_session_of_another_link_confirms_nothing(stripe_api: StandIn) -> None:
    """C7."""
    mine, other = link(), link()
    session_id = str(link_payments.start(other.pk, "", "pt").session_id)
    Client().get(f"/pay/{mine.token}/return/?session_id={session_id}")
    assert link_payments.confirm_return(mine, session_id) is None
    assert {payment.state for payment in LinkPayment.objects.all()} == {"pending"}


def test_what_another_program_sells_by_the_same_account_is_not_the_shops(stripe_api: StandIn) -> None:
    """C24: a Session of no order and no link is looked up, and nothing comes of it."""
    session = gateway.create_session(
        {
            "mode": "payment",
            "success_url": "https://books.example.test/",
            "line_items": [
                {
                    "price_data": {"currency": "eur", "unit_amount": 900, "product_data": {"name": "Livro"}},
                    "quantity": 1,
                }
            ],
        },
        idempotency_key="a-bookshop",
    )
    stripe_api.pay(session.id)
    deliver(stripe_api.objects("event"))
    told = WebhookEvent.objects.get(type="checkout.session.completed")
    assert (told.object_id, told.attempts, told.state) == (session.id, 1, "ignored")
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"ignored"}
    assert (LinkPayment.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_the_return_page_shows_what_stripe_says(stripe_api: StandIn) -> None:
    made = link()
    session_id = str(link_payments.start(made.pk, "", "pt").session_id)
    stripe_api.pay(session_id)
    answer = Client().get(f"/pay/{made.token}/return/?session_id={session_id}", follow=True)
    assert (answer.status_code, made.payments.get().state) == (200, "confirmed")


def test_an_expired_session_makes_room_for_a_new_one(stripe_api: StandIn) -> None:
    made = link()
    first = link_payments.start(made.pk, "", "pt")
    stripe_api.expire(str(first.session_id))
    deliver(stripe_api.objects("event"))
    second = link_payments.start(made.pk, "", "pt")
    first.refresh_from_db()
    assert (first.state, second.state, first.session_id == second.session_id) == ("canceled", "pending", False)


def test_another_sum_is_told_to_the_owner(stripe_api: StandIn) -> None:
    """C10."""
    made = link()
    payment = link_payments.start(made.pk, "", "pt")
    LinkPayment.objects.filter(pk=payment.pk).update(amount_cents=4000)
    stripe_api.pay(str(payment.session_id))
    deliver(stripe_api.objects("event"))
    assert mails() == ["review", "receipt"]


def test_a_second_payment_of_a_link_for_one_goes_back(stripe_api: StandIn) -> None:
    """C11: a Session that was closed here and paid all the same."""
    made = link()
    first = link_payments.start(made.pk, "", "pt")
    LinkPayment.objects.filter(pk=first.pk).update(state="canceled")
    paid(stripe_api, made)
    stripe_api.pay(str(first.session_id))
    deliver(stripe_api.objects("event"))
    run_refunds()
    first.refresh_from_db()
    assert (first.state, first.refunded_cents) == ("confirmed", 5000)
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [5000]


def two_pages_paid(stripe_api: StandIn, made: PaymentLink) -> list[facts.Session]:
    """Two Sessions of a link for one, both paid, neither booked: the first was closed here and not at Stripe."""
    first = link_payments.start(made.pk, "", "pt")
    LinkPayment.objects.filter(pk=first.pk).update(state="canceled")
    second = link_payments.start(made.pk, "", "pt")
    for payment in (first, second):
        stripe_api.pay(str(payment.session_id))
    return [gateway.retrieve_session(str(payment.session_id)) for payment in (first, second)]


@pytest.mark.race
def test_of_two_pages_paid_at_once_one_is_kept(stripe_api: StandIn) -> None:
    """C11: four times, ten bookings each; the other's money goes back, whole and once. Fails without the link's lock."""
    for _time in range(4):
        made = link()
        turns = itertools.cycle(two_pages_paid(stripe_api, made))
        results = together(10, lambda turns=turns: link_payments.settle(next(turns)))  # type: ignore[misc]  # mypy does not infer a lambda with a default
        assert results == [True] * 10
        run_refunds()
        run_refunds()
        sums = made.payments.order_by("refunded_cents").values_list("state", "received_cents", "refunded_cents")
        assert list(sums) == [("confirmed", 5000, 0), ("confirmed", 5000, 5000)]
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [5000] * 4
    assert mails().count("receipt") == 4


@pytest.mark.race
def test_without_the_lock_both_payments_would_be_kept(stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """C11: what link_rows.lock_link is for: with the payment's own lock alone, neither sees the other."""
    made = link()
    sessions = iter(two_pages_paid(stripe_api, made))

    def slowly(of: PaymentLink) -> bool:
        found = of.payments.filter(state="confirmed").exists()
        time.sleep(0.5)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(link_rows, "lock_link", lambda link_id: PaymentLink.objects.get(pk=link_id))
        patched.setattr(link_payments, "paid", slowly)
        together(2, lambda: link_payments.settle(next(sessions)))
    assert [(payment.state, payment.refunds.count()) for payment in made.payments.all()] == [("confirmed", 0)] * 2


def test_refunds_and_disputes_from_stripes_side_are_booked(stripe_api: StandIn) -> None:
    """C35, C40."""
    payment = paid(stripe_api, link(), card=DISPUTED)
    assert (payment.dispute, "dispute" in mails()) == ("needs_response", True)
    other = paid(stripe_api, link())
    stripe_api.dashboard_refund(stripe_api.objects("charge")[-1]["id"], 1000)
    deliver(stripe_api.objects("event"))
    other.refresh_from_db()
    assert other.refunded_cents == 1000


def test_reconciliation_settles_what_a_missed_webhook_left(stripe_api: StandIn) -> None:
    """C51."""
    payment = link_payments.start(link().pk, "", "pt")
    stripe_api.pay(str(payment.session_id))
    reconcile(Day(timezone.localdate()))
    reconcile(Day(timezone.localdate()))
    payment.refresh_from_db()
    assert (payment.state, mails(), Discrepancy.objects.count()) == ("confirmed", ["paid", "receipt"], 0)


def test_a_link_is_made_in_the_admin_in_euros_and_never_changed(stripe_api: StandIn) -> None:
    desk = Client()
    desk.force_login(User.objects.create_superuser("dona@example.test", "a long password"))
    assert desk.get("/admin/payments/paymentlink/add/").status_code == 200
    desk.post("/admin/payments/paymentlink/add/", {"euros": "12.34", "description": "Moldura", "single_use": "on"})
    made = PaymentLink.objects.get()
    assert (made.amount_cents, made.single_use, made.created_by is not None) == (1234, True, True)
    assert made.token in desk.get("/admin/payments/paymentlink/").content.decode()
    desk.post(f"/admin/payments/paymentlink/{made.pk}/change/", {"euros": "99", "description": "x"})
    desk.post("/admin/payments/paymentlink/", {"action": "close", "_selected_action": [made.pk]})
    made.refresh_from_db()
    assert (made.amount_cents, made.description, made.closed_at is not None) == (1234, "Moldura", True)
