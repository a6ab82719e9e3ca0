"""Photos that never came back, Sessions without their event, vouchers about to run out, and what is forgotten."""

import datetime
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pgtrigger
import pytest
from django.core.management import call_command
from django.utils import timezone

from orders import drafts, services, snapshots
from orders.models import Order, OrderEvent
from orders.tests import visitors
from outbox.models import OutboxMessage
from payments import cancelling, compensation, confirmation, emails, inbox, leftovers, reminders
from payments.models import PaymentAttempt, WebhookEvent
from payments.tests.stand_in import StandIn, deliver, event, post_event
from payments.tests.test_cancelling import planned, run_refunds
from payments.tests.test_confirmation import attempt as start
from payments.tests.test_refunds import pay
from payments.tests.together import together
from uploads import stash

pytestmark = pytest.mark.django_db(transaction=True)


def waiting_for_photos(stripe_api: StandIn, days: float) -> PaymentAttempt:
    """A paid order whose photo was asked for again `days` ago."""
    attempt = pay(stripe_api)
    services.need_photos(attempt.order, [photo.photo_id for photo in attempt.order.photos.all()])
    asked(days)
    attempt.order.refresh_from_db()
    return attempt


@pgtrigger.ignore("orders.OrderEvent:no_update")
def asked(days: float) -> None:
    """As if the photos had been asked for `days` ago: the history itself refuses to be dated back."""
    OrderEvent.objects.filter(kind="needs_photos").update(at=timezone.now() - datetime.timedelta(days=days))


def mails(kind: str) -> int:
    return OutboxMessage.objects.filter(task="orders.email_customer", payload__kind__startswith=kind).count()


def test_photos_that_never_came_end_in_one_refund_and_a_cancelled_order(stripe_api: StandIn, settings: Any) -> None:
    """DESIGN §3: reminded before, then cancelled and refunded, once; owner and customer are told."""
    settings.NEEDS_PHOTOS_DAYS = 14
    attempt = waiting_for_photos(stripe_api, 10.9)
    assert (compensation.run(), mails("photos_reminder")) == (0, 0)
    asked(11.1)
    assert (compensation.run(), compensation.run(), mails("photos_reminder"), planned()) == (0, 0, 1, [])
    asked(14.1)
    assert (compensation.run(), compensation.run()) == (1, 0)
    attempt.order.refresh_from_db()
    assert attempt.order.state == "cancelled"
    assert planned() == [f"refund-cancelled:{attempt.public_id}"]
    run_refunds()
    attempt.order.refresh_from_db()
    assert attempt.order.payment_state == "refunded"
    assert [refund["amount"] for refund in stripe_api.objects("refund")] == [70]
    assert attempt.refunds.get().reason == compensation.WHY
    assert (mails("cancelled"), mails("refunded"), mails("photos_reminder")) == (1, 1, 1)
    assert OutboxMessage.objects.filter(key=f"email-owner:{attempt.public_id}:photos_missing").count() == 1


def test_where_the_studio_waits_few_days_the_reminder_comes_after_half_of_them(
    stripe_api: StandIn, settings: Any
) -> None:
    settings.NEEDS_PHOTOS_DAYS = 4
    waiting_for_photos(stripe_api, 1.9)
    assert (compensation.run(), mails("photos_reminder")) == (0, 0)
    asked(2.1)
    assert (compensation.run(), mails("photos_reminder")) == (0, 1)


@pytest.mark.race
def test_of_a_late_upload_and_the_refund_at_once_one_happens(stripe_api: StandIn, settings: Any) -> None:
    """Fails without the order's row lock: the money would go back for an order that is printed."""
    for number in range(4):
        attempt = waiting_for_photos(stripe_api, settings.NEEDS_PHOTOS_DAYS + 1)
        order = attempt.order
        with stash.open_writer(order.draft_id) as writer:
            writer.write(b"late %d" % number)
            photo = writer.commit(filename="praia.jpg", content_type="image/jpeg", width=1800, height=1200)
        turns: Iterator[Callable[[], object]] = iter(
            [partial(compensation.give_up, order.pk), partial(services.replace_photo, order, 1, photo)],
        )
        results = together(2, partial(_next, turns))
        order.refresh_from_db()
        refunds = OutboxMessage.objects.filter(key=f"refund-cancelled:{attempt.public_id}").count()
        stored_again = OutboxMessage.objects.filter(key__startswith=f"store:{order.number}:").count()
        assert (order.state, refunds, stored_again) in [("cancelled", 1, 0), ("paid", 0, 1)], results
        Order.objects.filter(pk=order.pk).update(state="delivered")


def _next(turns: Iterator[Callable[[], object]]) -> object:
    return next(turns)()


def test_an_order_with_prints_made_already_is_left_to_the_owner(stripe_api: StandIn, settings: Any) -> None:
    attempt = pay(stripe_api)
    services.start_production(attempt.order)
    services.need_photos(attempt.order, [photo.photo_id for photo in attempt.order.photos.all()])
    asked(settings.NEEDS_PHOTOS_DAYS + 1)
    assert (compensation.run(), compensation.run()) == (0, 0)
    attempt.order.refresh_from_db()
    assert (attempt.order.state, planned()) == ("needs_photos", [])
    assert OutboxMessage.objects.filter(key=f"email-owner:{attempt.public_id}:photos_overdue").count() == 1


@pytest.mark.parametrize(
    ("kind", "words"), [("photos_missing", "cancelou-a"), ("photos_overdue", "escreva ao cliente")]
)
def test_the_owners_mail_says_what_to_do(stripe_api: StandIn, mailoutbox: Any, kind: str, words: str) -> None:
    attempt = pay(stripe_api)
    emails.email_owner(attempt.pk, kind)
    assert words in mailoutbox[0].body
    assert attempt.order.number in mailoutbox[0].subject
    assert "Maria" not in mailoutbox[0].body


def test_a_session_whose_event_never_came_expires_its_order(stripe_api: StandIn) -> None:
    """C51's idea: Stripe is asked first, then the order ends."""
    attempt = start()
    stripe_api.expire(str(attempt.session_id))
    assert leftovers.run() == 0
    attempt.refresh_from_db()
    assert attempt.state == "pending"
    PaymentAttempt.objects.update(expires_at=timezone.now() - datetime.timedelta(minutes=11))
    assert leftovers.run() == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state) == ("canceled", "expired")


def test_a_session_that_was_paid_without_an_event_is_not_expired_but_paid(stripe_api: StandIn) -> None:
    """C8 without either webhook or return."""
    attempt = start()
    stripe_api.pay(str(attempt.session_id))
    PaymentAttempt.objects.update(expires_at=timezone.now() - datetime.timedelta(minutes=11))
    assert leftovers.run() == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state) == ("confirmed", "paid")


def test_stripe_away_leaves_leftovers_for_the_next_turn(stripe_api: StandIn) -> None:
    attempt = start()
    PaymentAttempt.objects.update(expires_at=timezone.now() - datetime.timedelta(minutes=11))
    stripe_api.fail("reset", times=6)
    assert leftovers.run() == 0
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state) == ("pending", "pending")


def test_an_order_nobody_can_pay_any_more_expires_with_its_draft(stripe_api: StandIn) -> None:
    """C28: while the draft lives the customer may try again."""
    order = visitors.pending()
    Order.objects.update(created_at=timezone.now() - datetime.timedelta(days=3))
    leftovers.run()
    order.refresh_from_db()
    assert order.state == "pending"
    drafts.update(order.draft_id, lambda newest: setattr(newest, "checkout", {"order": "PO-OTHER"}))
    leftovers.run()
    order.refresh_from_db()
    assert (order.state, snapshots.load(order.number)) == ("expired", None)


def voucher(stripe_api: StandIn) -> PaymentAttempt:
    attempt = start()
    stripe_api.pay(str(attempt.session_id), method="multibanco")
    confirmation.settle_session(str(attempt.session_id))
    attempt.refresh_from_db()
    return attempt


def until(attempt: PaymentAttempt, moment: datetime.datetime) -> None:
    attempt.voucher = {**(attempt.voucher or {}), "expires_at": moment.isoformat()}
    attempt.created_at = timezone.now() - datetime.timedelta(days=6)
    attempt.save()


def test_a_voucher_is_brought_to_mind_once_on_its_last_day(stripe_api: StandIn) -> None:
    """C29: by mail, with entity and reference; not when it is paid or over."""
    from orders import emails as customer_emails

    attempt = voucher(stripe_api)
    now = timezone.now()
    for hours, due in ((25, 0), (-1, 0), (23, 1)):
        until(attempt, now + datetime.timedelta(hours=hours))
        assert (reminders.run(), mails("voucher_reminder")) == (due, due)
    reminders.run()
    assert mails("voucher_reminder") == 1
    mail = customer_emails.customer_mail(attempt.order, f"voucher_reminder:{attempt.pk}", "<x@y>")
    assert attempt.voucher is not None
    assert mail.to == "maria@example.test"
    assert attempt.voucher["reference"] in mail.text
    assert attempt.voucher["entity"] in mail.html
    Order.objects.update(payment_state="unpaid")
    assert reminders.run() == 0


def test_entity_reference_amount_and_expiry_stand_on_the_page_and_in_the_mail(stripe_api: StandIn, client: Any) -> None:
    """C29."""
    from orders import emails as customer_emails
    from orders import links

    attempt = voucher(stripe_api)
    assert attempt.voucher is not None
    page = client.get(links.order_path(attempt.order)).content.decode()
    mail = customer_emails.customer_mail(attempt.order, "awaiting", "<x@y>")
    for shown in (page, mail.text, mail.html):
        assert attempt.voucher["entity"] in shown
        assert attempt.voucher["reference"] in shown
        assert "0,70" in shown
    day = timezone.localtime(datetime.datetime.fromisoformat(attempt.voucher["expires_at"])).day
    assert "Pague até" in page
    assert f"{day} de" in page
    assert mails("awaiting") == 1


def test_a_live_voucher_keeps_order_and_photos_to_its_end_and_four_days(stripe_api: StandIn) -> None:
    """C30: photos, snapshot and draft outlive the voucher; the sweep leaves the order alone until then."""
    from django_redis import get_redis_connection

    attempt = voucher(stripe_api)
    assert attempt.voucher is not None
    end = datetime.datetime.fromisoformat(attempt.voucher["expires_at"])
    seconds = (end + datetime.timedelta(days=4) - timezone.now()).total_seconds() - 60
    assert seconds > 4 * 86_400
    photo_id = attempt.order.photos.get().photo_id
    connection = get_redis_connection("default")
    kept = [key for key in connection.keys("*") if photo_id in key.decode() or attempt.order.number in key.decode()]
    lives = {key.decode(): connection.ttl(key) for key in kept}
    assert lives
    assert {key: left for key, left in lives.items() if 0 <= left < seconds and "params" not in key} == {}
    draft = drafts.get(attempt.order.draft_id)
    assert draft is not None
    assert draft.expires_at >= timezone.now() + datetime.timedelta(seconds=seconds)
    until(attempt, timezone.now() - datetime.timedelta(days=3, hours=23))
    leftovers.run()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, stash.exists(photo_id)) == ("pending", "pending", True)


def test_a_voucher_nobody_paid_ends_after_its_four_days(stripe_api: StandIn) -> None:
    """C28, C30: its event never came; Stripe is asked, and the customer told."""
    attempt = voucher(stripe_api)
    stripe_api.answer_intent(str(attempt.intent_id), "fail")
    until(attempt, timezone.now() - datetime.timedelta(days=4, hours=1))
    assert leftovers.run() == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.order.state, attempt.order.payment_state) == ("failed", "pending", "unpaid")
    assert mails("failed") == 1


def test_mb_way_accepted_in_the_app_is_paid_and_refused_leaves_the_page_open(stripe_api: StandIn) -> None:
    refused = start(visitors.complete("a.jpg"))
    stripe_api.pay(str(refused.session_id), method="mb_way", approve=False)
    deliver(stripe_api.objects("event"))
    refused.refresh_from_db()
    assert (refused.state, refused.order.state) == ("pending", "pending")
    accepted = start(visitors.complete("b.jpg"))
    stripe_api.pay(str(accepted.session_id), method="mb_way", approve=True)
    deliver(stripe_api.objects("event"))
    accepted.refresh_from_db()
    assert (accepted.state, accepted.order.state) == ("confirmed", "paid")


def test_finished_work_and_events_are_forgotten_after_their_time(capsys: Any) -> None:
    old = timezone.now() - datetime.timedelta(days=401)
    for number in range(3):
        post_event(event(number=number))
    WebhookEvent.objects.filter(event_id="evt_test_0").update(state="processed", processed_at=old)
    WebhookEvent.objects.filter(event_id="evt_test_1").update(state="dead", received_at=old)
    OutboxMessage.objects.create(task="t", queue="q", key="done", state="done", done_at=old)
    OutboxMessage.objects.create(task="t", queue="q", key="failed", state="failed", created_at=old)
    call_command("purge")
    assert "Deleted: 1 messages of finished work, 1 webhook events, photos of 0 orders." in capsys.readouterr().out
    assert sorted(WebhookEvent.objects.values_list("event_id", flat=True)) == ["evt_test_1", "evt_test_2"]
    assert [row.key for row in OutboxMessage.objects.all()] == ["failed"]
    assert inbox.purge(400) == 0


def test_a_second_cancelling_plans_no_second_refund(stripe_api: StandIn) -> None:
    attempt = pay(stripe_api)
    cancelling.cancel_for_customer(attempt.order)
    assert compensation.give_up(attempt.order_id) is False
    assert len(planned()) == 1
