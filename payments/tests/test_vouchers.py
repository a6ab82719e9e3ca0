"""A Multibanco reference as the API, the order page and the mails show it, and when it is gone from them: C6, C28, C29."""

import datetime
from email.message import EmailMessage

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from local.fixtures import Mailbox
from orders import drafts, emails, links, tasks
from orders.models import Order
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import cancelling, confirmation, expiry, facts, gateway, reminders
from payments.checkout import start_checkout
from payments.models import PaymentAttempt
from payments.tests.stand_in import Json, StandIn
from payments.tests.test_elements import confirm

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


def last_day(attempt: PaymentAttempt) -> None:
    attempt.voucher = {
        **(attempt.voucher or {}),
        "expires_at": (timezone.now() + datetime.timedelta(hours=23)).isoformat(),
    }
    attempt.created_at = timezone.now() - datetime.timedelta(days=2)
    attempt.save()


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


def on_the_page(order: Order) -> str:
    answer = Client().get(links.order_path(order))
    assert answer.status_code == 200
    return answer.content.decode()


RETRY = "Ainda não pagou? Voltar ao pagamento"


def shows(page: str, attempt: PaymentAttempt) -> tuple[bool, bool]:
    """Whether the page shows the attempt's reference, and whether it leads back to paying."""
    return str((attempt.voucher or {})["reference"]) in page, RETRY in page


def test_a_reference_leaves_page_and_mail_when_its_payment_has_failed(stripe_api: StandIn) -> None:
    """C28: the customer is led back to paying instead."""
    attempt = issued(stripe_api)
    assert shows(on_the_page(attempt.order), attempt) == (True, False)
    failed(stripe_api, attempt)
    assert shows(on_the_page(attempt.order), attempt) == (False, True)
    mail = emails.customer_mail(Order.objects.get(), "awaiting", "<x@y>")
    assert str((attempt.voucher or {})["reference"]) not in mail.text + mail.html


def test_a_reference_leaves_the_page_when_the_draft_has_changed(stripe_api: StandIn) -> None:
    """C6: it can still be paid at a cash machine, and nobody is told to."""
    draft = visitors.complete()
    attempt = issued(stripe_api, draft)
    changed(draft)
    expiry.expire_attempts(draft.id)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.payment_state) == ("pending", "awaiting")
    assert shows(on_the_page(attempt.order), attempt) == (False, True)
    mail = emails.customer_mail(attempt.order, f"voucher_reminder:{attempt.pk}", "<x@y>")
    assert str((attempt.voucher or {})["reference"]) not in mail.text + mail.html


def test_a_reference_leaves_the_page_when_another_version_was_bought(stripe_api: StandIn) -> None:
    """C11: also where Redis has lost the draft."""
    draft = visitors.complete()
    attempt = issued(stripe_api, draft)
    newer = start_checkout(changed(draft), language="pt", terms=True).order.attempts.get()
    stripe_api.pay(str(newer.session_id))
    confirmation.settle_session(str(newer.session_id))
    for _turn in range(2):
        assert shows(on_the_page(attempt.order), attempt)[0] is False
        drafts.delete(draft.id)


def test_neither_a_reference_nor_a_way_to_pay_while_money_is_in_review(stripe_api: StandIn) -> None:
    """C10: the customer must not pay again."""
    attempt = issued(stripe_api)
    Order.objects.update(payment_state="review")
    assert shows(on_the_page(attempt.order), attempt) == (False, False)


def test_the_shops_own_payment_page_leads_back_to_paying_after_a_failure(stripe_api: StandIn) -> None:
    """C28: to the order's page while the reference waits, and to the review when it is over."""
    client, draft = Client(), visitors.complete()
    client.get("/api/v1/drafts/current/")
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    started = start_checkout(draft, "elements", language="pt", terms=True)
    attempt = PaymentAttempt.objects.get()
    intent_id = str(attempt.intent_id)
    confirm(started.client_secret, method="multibanco", email="ana@example.test")
    confirmation.settle(facts.as_session(gateway.retrieve_intent(intent_id)))
    page = f"/pay/{attempt.public_id}/"
    assert client.get(page)["Location"] == links.order_path(started.order)
    stripe_api.answer_intent(intent_id, "fail")
    confirmation.settle(facts.as_session(gateway.retrieve_intent(intent_id)))
    assert client.get(page)["Location"] == "/review/"


def waiting_mails(order: Order) -> list[str]:
    """Kinds of the planned mails that say how to pay."""
    rows = OutboxMessage.objects.filter(task="orders.email_customer", payload__order_id=order.pk)
    return [str(row.payload["kind"]) for row in rows.order_by("pk") if "awaiting" in str(row.payload["kind"])]


def test_each_reference_of_an_order_is_mailed(stripe_api: StandIn, mailbox: Mailbox) -> None:
    """C28, C29: the first one failed, and the customer chose Multibanco again; each is told once."""
    draft = visitors.complete()
    references = []
    for turn in (1, 2):
        attempt = issued(stripe_api, draft)
        confirmation.settle_session(str(attempt.session_id))
        assert len(waiting_mails(attempt.order)) == turn
        assert waiting_mails(attempt.order)[-1] == f"awaiting:{attempt.pk}"
        for kind in waiting_mails(attempt.order):
            emails.send_to_customer(attempt.order_id, kind)
        references.append(str((attempt.voucher or {})["reference"]))
        if turn == 1:
            failed(stripe_api, attempt)
    assert references[0] != references[1]
    texts = [text(mail) for mail in mailbox.messages()]
    assert [[reference in said for reference in references] for said in texts] == [[True, False], [False, True]]


def text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_the_waiting_mail_asks_for_the_payment_or_says_that_the_bank_has_it(stripe_api: StandIn) -> None:
    """C29: nobody who has a reference to pay is told that there is nothing to do."""
    attempt = issued(stripe_api)
    to_pay = emails.customer_mail(attempt.order, f"awaiting:{attempt.pk}", "<x@y>").text
    assert "Pague por favor a referência" in to_pay
    assert "Não precisa de fazer mais nada" not in to_pay
    PaymentAttempt.objects.update(voucher=None)
    at_the_bank = emails.customer_mail(Order.objects.get(), f"awaiting:{attempt.pk}", "<x@y>").text
    assert "Não precisa de fazer mais nada" in at_the_bank
    assert "Pague por favor a referência" not in at_the_bank


def test_a_reference_that_is_not_to_be_paid_is_struck_out(stripe_api: StandIn) -> None:
    """C6: without a last day to pay it by."""
    draft = visitors.complete()
    attempt = issued(stripe_api, draft)
    changed(draft)
    mail = emails.customer_mail(attempt.order, f"voucher_replaced:{attempt.pk}", "<x@y>")
    reference = str((attempt.voucher or {})["reference"])
    assert f"<s>{reference}</s>" in mail.html
    assert f"<strong>{reference}</strong>" not in mail.html
    assert "Por favor, não pague:" in mail.text
    assert "Pagar até" not in mail.text + mail.html


def test_nobody_is_reminded_of_a_reference_of_what_was_changed_since(stripe_api: StandIn) -> None:
    """C6: they were asked not to pay it."""
    draft = visitors.complete()
    attempt = issued(stripe_api, draft)
    last_day(attempt)
    changed(draft)
    reminded = OutboxMessage.objects.filter(payload__kind=f"voucher_reminder:{attempt.pk}")
    assert (reminders.run(), reminded.count()) == (0, 0)
    drafts.update(draft.id, lambda newest: setattr(newest, "checkout", {"order": attempt.order.number}))
    assert (reminders.run(), reminded.count()) == (1, 1)


def test_a_reference_of_an_order_that_the_studio_cancelled_is_waited_for_no_more(stripe_api: StandIn) -> None:
    """C6, C29: its customer was asked not to pay it, so nobody is reminded of it; neither page nor API says that it is
    awaited, before its end and after it."""
    attempt = issued(stripe_api)
    owner = User.objects.create_superuser("dona@example.test", "a long password")
    cancelling.cancel_for_studio(attempt.order, actor=owner)
    expiry.close_attempt(attempt)
    last_day(PaymentAttempt.objects.get(pk=attempt.pk))
    assert reminders.run() == 0
    assert not OutboxMessage.objects.filter(payload__kind=f"voucher_reminder:{attempt.pk}").exists()
    failed(stripe_api, attempt)
    order = Order.objects.get()
    assert (order.state, order.payment_state, order.attempts.get().state) == ("cancelled", "unpaid", "failed")
    assert list(attempt.events.filter(kind="awaiting").values_list("to_state", flat=True)) == ["pending"]


def test_mails_that_waited_do_not_ask_for_what_is_paid_meanwhile(stripe_api: StandIn, mailbox: Mailbox) -> None:
    """C28, C29, C50: SMTP was away while a reference failed and the customer paid by card; what comes then is true then."""
    draft = visitors.complete()
    attempt = issued(stripe_api, draft)
    failed(stripe_api, attempt)
    order = start_checkout(draft, language="pt", terms=True).order
    second = order.attempts.get(state="pending")
    stripe_api.pay(str(second.session_id))
    confirmation.settle_session(str(second.session_id))
    waited = OutboxMessage.objects.filter(task="orders.email_customer").order_by("pk")
    kinds = [str(message.payload["kind"]) for message in waited]
    assert kinds == [f"awaiting:{attempt.pk}", f"failed:{attempt.pk}", "confirmed"]
    for message in waited:
        tasks.email_customer(message.pk)
    assert set(waited.values_list("state", flat=True)) == {"done"}
    (letter,) = mailbox.messages()
    assert f"{order.number} está confirmada" in str(letter["Subject"])
