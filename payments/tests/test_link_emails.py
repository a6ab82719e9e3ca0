"""Mails about payments by link: who gets which, in which words, as text and HTML (O4, C11, C29, C38)."""

from typing import Any

import pytest
from django.core import mail

from orders.models import ShopSettings
from outbox.models import OutboxMessage
from payments import gateway, link_closing, link_emails, link_payments, link_refunds, tasks
from payments.models import LinkPayment
from payments.tests.stand_in import StandIn, deliver
from payments.tests.test_payment_links import link, paid, run_refunds, two_pages_paid

pytestmark = pytest.mark.django_db(transaction=True)


def sent() -> list[tuple[str, str]]:
    """Runs the planned mails, each as often as a lost acknowledgement would have it; kind and subject of what is new."""
    told = []
    for row in OutboxMessage.objects.filter(task="payments.email_link").exclude(state="done").order_by("pk"):
        before = len(mail.outbox)
        for _twice in range(2):
            tasks.email_link(row.pk)
        row.refresh_from_db()
        assert row.state == "done", row.last_error
        told += [(row.payload["kind"], str(letter.subject)) for letter in mail.outbox[before:]]
    return told


def kinds() -> list[str]:
    return [kind for kind, _subject in sent()]


def test_a_payment_is_told_to_both_once(stripe_api: StandIn, settings: Any) -> None:
    """O4: the receipt to the payer, in the payer's language; a note to the owner, without the payer's address."""
    payment = paid(stripe_api, link())
    assert sent() == [("paid", "Pago: Sessão de retrato, 50,00 €"), ("receipt", "Recibo: Sessão de retrato")]
    note, receipt = mail.outbox
    assert (note.to, receipt.to) == ([settings.OWNER_EMAIL], [payment.email])
    assert "50,00\xa0€" in receipt.body
    assert payment.email not in note.body


def test_money_that_came_a_second_time_is_told_to_both(stripe_api: StandIn, settings: Any) -> None:
    """C11: the payer learns that all of it goes back, and again when it has; the owner learns it too."""
    for session in two_pages_paid(stripe_api, link()):
        assert link_payments.settle(session)
    run_refunds()
    deliver(stripe_api.objects("event"))
    assert kinds() == ["paid", "receipt", "returned", "paid_twice", "refunded"]
    _paid, receipt, owner, payer, refunded = mail.outbox
    assert owner.to == [settings.OWNER_EMAIL]
    assert payer.to == refunded.to == receipt.to
    assert "já tinha sido pago" in payer.body
    assert "não precisa de fazer nada" in owner.body
    assert "50,00\xa0€" in refunded.body


def test_money_for_a_closed_link_is_told_to_both(stripe_api: StandIn) -> None:
    """C11."""
    payment = link_payments.start(link().pk, "", "en")
    link_closing.close(payment.link_id)
    stripe_api.pay(str(payment.session_id))
    deliver(stripe_api.objects("event"))
    assert sent() == [
        ("returned", "Um pagamento é devolvido: Sessão de retrato"),
        ("too_late", "Your payment goes back to you: Sessão de retrato"),
    ]
    assert "€50.00" in mail.outbox[1].body


def test_each_refund_is_told_to_the_payer_once_with_its_sum(stripe_api: StandIn) -> None:
    """C38: only when the money has gone; whether the shop made it or somebody in Stripe's dashboard."""
    payment = paid(stripe_api, link())
    sent()
    stripe_api.faults(refund_status="pending")
    link_refunds.refund(payment.pk, 1250, reason="x")
    run_refunds()
    assert sent() == []
    stripe_api.settle_refund(stripe_api.objects("refund")[0]["id"], "succeeded")
    stripe_api.behave()
    stripe_api.dashboard_refund(stripe_api.objects("charge")[0]["id"], 700)
    for _twice in range(2):
        deliver(stripe_api.objects("event"))
    assert sorted(kinds()) == ["refunded", "refunded", "refunded_at_stripe"]
    said = " ".join(str(letter.body) for letter in mail.outbox[-3:])
    assert ("12,50" in said, "7,00" in said, "50,00" in said) == (True, True, False)


def test_a_refund_that_failed_is_told_to_the_owner_alone(stripe_api: StandIn) -> None:
    """C38."""
    payment = paid(stripe_api, link())
    sent()
    stripe_api.faults(refund_status="pending")
    link_refunds.refund(payment.pk, 1250, reason="x")
    run_refunds()
    stripe_api.settle_refund(stripe_api.objects("refund")[0]["id"], "failed")
    deliver(stripe_api.objects("event"))
    assert kinds() == ["refund_failed"]


def test_a_reference_is_mailed_and_its_payer_is_not_kept(stripe_api: StandIn) -> None:
    """C29: the address is asked for at Stripe; before the money comes PostgreSQL does not hold it."""
    payment = link_payments.start(link().pk, "", "pt")
    stripe_api.pay(str(payment.session_id), method="multibanco", email="ana@example.test")
    for _twice in range(2):
        deliver(stripe_api.objects("event"))
    assert sent() == [("voucher", "Como pagar: Sessão de retrato")]
    payment.refresh_from_db()
    assert payment.voucher is not None
    (letter,) = mail.outbox
    assert (letter.to, payment.email) == (["ana@example.test"], "")
    for part in (payment.voucher["entity"], payment.voucher["reference"], "50,00\xa0€"):
        assert part in letter.body
    assert "ana@" not in str(OutboxMessage.objects.values_list("payload", flat=True))


def test_closing_a_link_asks_for_its_reference_not_to_be_paid(stripe_api: StandIn) -> None:
    """C6, C11: it cannot be withdrawn; paid all the same, the money goes back."""
    payment = link_payments.start(link().pk, "", "pt")
    stripe_api.pay(str(payment.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    sent()
    link_closing.close(payment.link_id)
    for _twice in range(2):
        link_closing.end_pages(payment.link_id)
    assert sent() == [("voucher_closed", "Por favor não pague: Sessão de retrato")]
    stripe_api.answer_intent(stripe_api.objects("payment_intent")[0]["id"], "complete")
    deliver(stripe_api.objects("event"))
    run_refunds()
    payment.refresh_from_db()
    assert (payment.state, payment.refunded_cents, payment.voucher) == ("confirmed", 5000, None)
    assert kinds() == ["returned", "too_late", "refunded"]


@pytest.mark.parametrize("meanwhile", ["paid", "failed", "closed"])
def test_a_mail_that_waited_does_not_ask_for_what_is_over(stripe_api: StandIn, meanwhile: str) -> None:
    """C29: SMTP was away while the reference was paid, ran out, or its link was closed."""
    payment = link_payments.start(link().pk, "", "pt")
    stripe_api.pay(str(payment.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    if meanwhile == "closed":
        link_closing.close(payment.link_id)
    else:
        answer = "complete" if meanwhile == "paid" else "fail"
        stripe_api.answer_intent(stripe_api.objects("payment_intent")[0]["id"], answer)
        deliver(stripe_api.objects("event"))
    assert kinds() == {"paid": ["paid", "receipt"], "failed": ["failed"], "closed": []}[meanwhile]


@pytest.fixture
def complete(stripe_api: StandIn) -> LinkPayment:
    """A paid one, refunded in part, that still has its voucher: every kind of mail has something to say."""
    payment = paid(stripe_api, link())
    LinkPayment.objects.update(
        voucher={"entity": "21800", "reference": "123 456 789", "expires_at": "2027-01-31T18:00:00+00:00"}
    )
    link_refunds.refund(payment.pk, 1250, reason="x")
    payment.link.description = "Sessão <de> família, 100 %"
    payment.link.save()
    return LinkPayment.objects.select_related("link").get()


@pytest.mark.parametrize("language", ["pt", "en"])
def test_every_mail_to_a_payer_is_whole_in_both_forms_and_languages(complete: LinkPayment, language: str) -> None:
    """O4: what it is for, the seller's particulars, no value left out, nothing unescaped; a Message-ID of its own."""
    ShopSettings.load().save()
    ShopSettings.objects.update(legal_name="Margem Fotografia, Lda.", nipc="509442013", address="Rua do Norte 12")
    refund, ids = complete.refunds.get(), set()
    for kind, words in link_emails.PAYER.items():
        letter = link_emails.payer_mail(
            complete,
            kind,
            to="a@b.example",
            occurrence=refund.public_id if kind == "refunded" else "",
            language=language,
        )
        for part in ("Margem Fotografia, Lda.", "509442013", "Livro de Reclamações", complete.public_id):
            assert (kind, part in letter.text, part in letter.html) == (kind, True, True)
        assert "Sessão <de> família, 100 %" in letter.subject + letter.text
        assert "<de>" not in letter.html
        assert "Sessão &lt;de&gt; família, 100 %" in letter.html
        assert "%(" not in letter.subject + letter.text + letter.html
        assert words.voucher == ("21800" in letter.text) == ("123 456 789" in letter.html)
        ids.add(letter.message_id)
    assert len(ids) == len(link_emails.PAYER)


def test_without_an_address_nothing_is_sent(stripe_api: StandIn) -> None:
    payment = link_payments.start(link().pk, "", "pt")
    assert gateway.retrieve_session(str(payment.session_id)).email == ""
    link_emails.email_link(payment.pk, "too_late")
    assert mail.outbox == []


def test_a_refund_that_was_told_is_not_told_again_when_its_message_is_forgotten(stripe_api: StandIn) -> None:
    """C22, C38: OUTBOX_KEEP_DAYS later a replayed event, or the refund of another part, looks at all of them again."""
    payment = paid(stripe_api, link())
    link_refunds.refund(payment.pk, 1250, reason="x")
    run_refunds()
    assert kinds() == ["paid", "receipt", "refunded"]
    OutboxMessage.objects.all().delete()
    assert link_refunds.sync(str(payment.intent_id))
    link_refunds.refund(payment.pk, 700, reason="y")
    run_refunds()
    assert kinds() == ["refunded"]
    assert "7,00" in str(mail.outbox[-1].body)


def test_a_reference_that_ran_out_is_told_to_its_payer_once(stripe_api: StandIn) -> None:
    """C28: nothing was charged, and the link can be paid again; at the address that Stripe has, which is not kept."""
    made = link()
    payment = link_payments.start(made.pk, "", "en")
    stripe_api.pay(str(payment.session_id), method="multibanco", email="ana@example.test")
    deliver(stripe_api.objects("event"))
    assert kinds() == ["voucher"]
    stripe_api.answer_intent(stripe_api.objects("payment_intent")[0]["id"], "fail")
    for _twice in range(2):
        deliver(stripe_api.objects("event"))
    assert sent() == [("failed", "The payment did not go through: Sessão de retrato")]
    letter = mail.outbox[-1]
    assert (letter.to, "nothing was charged" in letter.body) == (["ana@example.test"], True)
    payment.refresh_from_db()
    assert (payment.state, payment.email) == ("failed", "")
    assert link_payments.start(made.pk, "", "en").pk != payment.pk


def test_who_was_asked_not_to_pay_a_reference_is_not_told_that_it_ran_out(stripe_api: StandIn) -> None:
    """C28, C6: the link is closed, and nothing can be paid again by it."""
    payment = link_payments.start(link().pk, "", "pt")
    stripe_api.pay(str(payment.session_id), method="multibanco")
    deliver(stripe_api.objects("event"))
    link_closing.close(payment.link_id)
    link_closing.end_pages(payment.link_id)
    assert kinds() == ["voucher_closed"]
    stripe_api.answer_intent(stripe_api.objects("payment_intent")[0]["id"], "fail")
    deliver(stripe_api.objects("event"))
    payment.refresh_from_db()
    assert (payment.state, kinds()) == ("failed", [])
