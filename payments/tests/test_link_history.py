"""The history of payment links (O6): who did what and when, kept by PostgreSQL as it was written."""

import uuid

import pytest
from django.db.models import ProtectedError

from accounts import services as accounts
from accounts.models import User
from orders.tests.kept_rows import STATEMENTS, assert_refused, row
from payments import link_payments, link_refunds, link_vouchers
from payments.models import LinkEvent, LinkPayment, PaymentLink
from payments.tests.stand_in import DISPUTED, StandIn, deliver
from payments.tests.test_link_refunds import desk, press
from payments.tests.test_payment_links import link, paid, run_refunds

pytestmark = pytest.mark.django_db(transaction=True)


def lines(payment: LinkPayment) -> list[tuple[str, str, str]]:
    return list(payment.events.values_list("kind", "from_state", "to_state"))


@pytest.fixture
def event() -> LinkEvent:
    return link(actor=User.objects.create_user("staff@example.test")).events.get()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_links_event_is_never_changed(event: LinkEvent, statement: str) -> None:
    """O6: each refusal fails without its trigger."""
    assert_refused(event, statement, other=User.objects.create_user("other@example.test").pk)


def test_a_truncate_of_the_links_reaches_no_event(event: LinkEvent) -> None:
    assert_refused(event, "TRUNCATE payments_paymentlink CASCADE", other=0)


def test_a_deleted_members_events_stay(event: LinkEvent) -> None:
    before = row(event)
    User.objects.get(email="staff@example.test").delete()
    assert row(event) == before | {"actor_id": None}


def test_a_link_with_a_history_is_not_deleted(event: LinkEvent) -> None:
    with pytest.raises(ProtectedError):
        event.link.delete()
    assert PaymentLink.objects.get().events.get() == event


def test_a_payment_and_its_refunds_are_told_in_order(stripe_api: StandIn) -> None:
    """O6: each line once, however often the events come."""
    payment = paid(stripe_api, link())
    owner = desk()
    press(owner, payment, reason="session cut short", key=str(uuid.uuid4()))
    run_refunds()
    for _twice in range(2):
        deliver(stripe_api.objects("event"))
    assert lines(payment) == [
        ("created", "", "created"),
        ("opened", "created", "pending"),
        ("confirmed", "pending", "confirmed"),
        ("refund_asked", "", "confirmed"),
        ("refund_succeeded", "", "confirmed"),
    ]
    asked = payment.events.get(kind="refund_asked")
    assert (asked.why, asked.actor) == ("session cut short", User.objects.get(email="dona@example.test"))
    page = owner.get(f"/admin/payments/linkpayment/{payment.pk}/change/").content.decode()
    assert ("refund asked for" in page, "dona@example.test" in page) == (True, True)


def test_that_a_payment_waits_is_told_once_and_again_with_its_reference(stripe_api: StandIn) -> None:
    """O6, C26: a method that has none at first, as often as its events come; then Multibanco's is kept."""
    payment = link_payments.start(link().pk, "", "pt")
    begun = [("created", "", "created"), ("opened", "created", "pending")]
    waits = ("waits", "pending", "pending")
    for _twice in range(2):
        link_vouchers.delayed(payment.pk, None)
    assert lines(payment) == [*begun, waits]
    stripe_api.pay(str(payment.session_id), method="multibanco")
    for _twice in range(2):
        deliver(stripe_api.objects("event"))
    payment.refresh_from_db()
    assert (payment.voucher is not None, lines(payment)) == (True, [*begun, waits, waits])


def test_an_expired_page_and_a_dispute_are_told(stripe_api: StandIn) -> None:
    """O6."""
    made = link()
    first = link_payments.start(made.pk, "", "pt")
    stripe_api.expire(str(first.session_id))
    deliver(stripe_api.objects("event"))
    assert lines(first)[-1] == ("canceled", "pending", "canceled")
    second = paid(stripe_api, made, card=DISPUTED)
    assert lines(second)[-1] == ("dispute_needs_response", "", "confirmed")


def test_a_refused_refund_is_told_once(stripe_api: StandIn) -> None:
    """C38, O6."""
    payment = paid(stripe_api, link())
    refund = link_refunds.refund(payment.pk, 100, reason="x")
    link_refunds._refused(refund, "charge_disputed")
    link_refunds._refused(refund, "charge_disputed")
    assert payment.events.filter(kind="refund_failed").values_list("why", flat=True).get() == "charge_disputed"


def test_who_made_a_link_in_the_admin_stands_on_its_page(stripe_api: StandIn) -> None:
    """O6."""
    owner = desk()
    owner.post("/admin/payments/paymentlink/add/", {"euros": "12.34", "description": "Moldura", "single_use": "on"})
    made = PaymentLink.objects.get()
    event = made.events.get()
    assert (event.kind, event.actor, made.created_by) == ("made", made.created_by, User.objects.get())
    page = owner.get(f"/admin/payments/paymentlink/{made.pk}/change/").content.decode()
    assert "link made" in page


def test_staff_make_and_close_links_and_see_no_money(stripe_api: StandIn) -> None:
    """O6: who it was stands on the link's page; what was paid by it, and refunds, are for those who may see money."""
    staff = accounts.ensure_staff("staff@example.test", "a-long-pass-phrase")[0]
    client = desk(staff)
    assert "/admin/payments/paymentlink/" in client.get("/admin/").content.decode()
    client.post("/admin/payments/paymentlink/add/", {"euros": "12.34", "description": "Moldura", "single_use": "on"})
    made = PaymentLink.objects.get()
    client.post("/admin/payments/paymentlink/", {"action": "close", "_selected_action": [made.pk]})
    assert list(made.events.values_list("kind", "actor")) == [("made", staff.pk), ("closed", staff.pk)]
    page = client.get(f"/admin/payments/paymentlink/{made.pk}/change/").content.decode()
    assert "staff@example.test" in page
    assert client.get("/admin/payments/linkpayment/").status_code == 403
    assert not staff.has_perm("orders.refund_order")
    for right in ("change", "delete"):
        assert not staff.has_perm(f"payments.{right}_paymentlink")
