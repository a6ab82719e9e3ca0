"""Multibanco on a payment link: entity and reference on its page, to its end (C26–C29)."""

import datetime

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from outbox.models import OutboxMessage
from payments import link_closing, link_payments, reminders, tasks
from payments.models import LinkPayment, PaymentLink
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_link_refunds import desk
from payments.tests.test_payment_links import link

pytestmark = pytest.mark.django_db(transaction=True)


def issued(stripe_api: StandIn, made: PaymentLink, visitor: str = "") -> LinkPayment:
    payment = link_payments.start(made.pk, visitor, "pt")
    stripe_api.pay(str(payment.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    return LinkPayment.objects.get(pk=payment.pk)


def page(made: PaymentLink, client: Client | None = None) -> str:
    return (client or Client(headers={"accept-language": "en"})).get(f"/pay/{made.token}/").content.decode()


def answer(stripe_api: StandIn, payment: LinkPayment, how: str) -> None:
    session = next(row for row in stripe_api.objects("checkout.session") if row["id"] == payment.session_id)
    stripe_api.answer_intent(session["payment_intent"], how)


def says(text: str, payment: LinkPayment) -> bool:
    return payment.voucher is not None and payment.voucher["reference"] in text and payment.voucher["entity"] in text


def test_entity_reference_amount_and_expiry_stand_on_the_links_page(stripe_api: StandIn) -> None:
    """C29: instead of the button; who presses it in an old tab sees the same and opens nothing."""
    made = link()
    payment = issued(stripe_api, made)
    text = page(made)
    assert (says(text, payment), "€50.00" in text, "Payable until" in text) == (True, True, True)
    assert 'class="actions"' not in text
    posted = Client().post(f"/pay/{made.token}/")
    assert (posted.status_code, says(posted.content.decode(), payment)) == (200, True)
    assert len(stripe_api.objects("checkout.session")) == 1


def test_another_visitors_reference_is_not_shown(stripe_api: StandIn) -> None:
    """C62: of a link for many each has a payment of their own."""
    made = link(single_use=False)
    mine = Client(headers={"accept-language": "en"})
    mine.post(f"/pay/{made.token}/")
    stripe_api.pay(stripe_api.objects("checkout.session")[0]["id"], method="multibanco")
    deliver(stripe_api.objects("event"))
    payment = made.payments.get()
    assert (says(page(made, mine), payment), says(page(made), payment)) == (True, False)
    assert 'class="actions"' in page(made)


def test_a_reference_that_is_paid_confirms_and_leaves_the_page(stripe_api: StandIn) -> None:
    """C26, C27."""
    made = link()
    payment = issued(stripe_api, made)
    answer(stripe_api, payment, "complete")
    deliver(stripe_api.objects("event"))
    assert (LinkPayment.objects.get().state, says(page(made), payment)) == ("confirmed", False)
    assert "This has been paid" in page(made)


def test_a_reference_that_ran_out_can_be_followed_by_another_payment(stripe_api: StandIn) -> None:
    """C28: told by its event."""
    made = link()
    payment = issued(stripe_api, made)
    answer(stripe_api, payment, "fail")
    deliver(stripe_api.objects("event"))
    assert (LinkPayment.objects.get().state, says(page(made), payment)) == ("failed", False)
    assert link_payments.start(made.pk, "", "pt").session_id != payment.session_id


def test_a_reference_that_ran_out_unheard_blocks_nobody(stripe_api: StandIn) -> None:
    """C28, C23: the event never came; the next click asks Stripe, and opens a page of its own."""
    made = link()
    payment = issued(stripe_api, made)
    answer(stripe_api, payment, "fail")
    past = (timezone.now() - datetime.timedelta(minutes=1)).isoformat()
    LinkPayment.objects.update(voucher={**(payment.voucher or {}), "expires_at": past})
    assert not says(page(made), payment)
    new = link_payments.start(made.pk, "", "pt")
    assert (new.pk != payment.pk, new.state, LinkPayment.objects.get(pk=payment.pk).state) == (
        True,
        "pending",
        "failed",
    )


def test_a_reference_past_its_time_that_stripe_still_waits_for_stays(stripe_api: StandIn) -> None:
    """C5: money may still be on its way: no second payment beside it."""
    made = link()
    payment = issued(stripe_api, made)
    past = (timezone.now() - datetime.timedelta(minutes=1)).isoformat()
    LinkPayment.objects.update(voucher={**(payment.voucher or {}), "expires_at": past})
    assert link_payments.start(made.pk, "", "pt").pk == payment.pk
    assert len(stripe_api.objects("checkout.session")) == 1


@pytest.mark.parametrize("end", ["time", "closing"])
def test_the_page_shows_a_reference_as_long_as_its_money_is_welcome(stripe_api: StandIn, end: str) -> None:
    """C11: after the link's own time, but not once the studio has closed it."""
    made = link(expires_at=timezone.now() + datetime.timedelta(hours=1))
    payment = issued(stripe_api, made)
    if end == "closing":
        desk().post("/admin/payments/paymentlink/", {"action": "close", "_selected_action": [made.pk]})
        link_closing.end_pages(made.pk)
    else:
        PaymentLink.objects.update(expires_at=timezone.now() - datetime.timedelta(minutes=1))
    assert says(page(made), payment) is (end == "time")


def test_a_method_without_a_reference_says_that_it_waits(stripe_api: StandIn) -> None:
    """C26: MB WAY, or a bank that takes its time."""
    made = link()
    payment = link_payments.start(made.pk, "", "pt")
    LinkPayment.objects.filter(pk=payment.pk).update(url="")
    text = page(made)
    assert ("waits for your bank" in text, "voucher-heading" in text) == (True, False)


def until(payment: LinkPayment, hours: int) -> None:
    """The reference of six days ago runs out in so many hours."""
    ends = timezone.now() + datetime.timedelta(hours=hours)
    payment.voucher = {**(payment.voucher or {}), "expires_at": ends.isoformat()}
    payment.created_at = timezone.now() - datetime.timedelta(days=6)
    payment.save()


def reminded() -> list[str]:
    """Runs the reminders that are planned; to whom they went."""
    planned = OutboxMessage.objects.filter(payload__kind="voucher_reminder", state="pending")
    for row in planned:
        tasks.email_link(row.pk)
    return [letter.to[0] for letter in mail.outbox if "termina amanhã" in letter.subject]


def test_a_links_reference_is_brought_to_mind_once_on_its_last_day(stripe_api: StandIn) -> None:
    """C29: by mail, with entity and reference, as for an order."""
    payment = issued(stripe_api, link())
    for hours, due in ((25, 0), (-1, 0), (23, 1)):
        until(payment, hours)
        assert reminders.run() == due
    reminders.run()
    assert reminded() == ["cliente@example.test"]
    assert says(str(mail.outbox[-1].body), payment)


@pytest.mark.parametrize("why", ["closed", "paid", "too new"])
def test_nobody_is_reminded_of_a_links_reference_that_is_not_to_be_paid(stripe_api: StandIn, why: str) -> None:
    """C6, C29; nor within hours of the first mail."""
    payment = issued(stripe_api, link())
    until(payment, 23)
    if why == "too new":
        LinkPayment.objects.update(created_at=timezone.now() - datetime.timedelta(hours=11))
    elif why == "closed":
        link_closing.close(payment.link_id)
    else:
        answer(stripe_api, payment, "complete")
        deliver(stripe_api.objects("event"))
    assert (reminders.run(), reminded()) == (0, [])


def test_a_reminder_that_waited_until_the_link_was_closed_is_not_sent(stripe_api: StandIn) -> None:
    """C6."""
    payment = issued(stripe_api, link())
    until(payment, 23)
    assert reminders.run() == 1
    link_closing.close(payment.link_id)
    assert reminded() == []
