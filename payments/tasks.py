"""Celery's side of payments: each task calls one service. `order_id` tells the owner's desk which order a task that gave up
is about; messages planned by earlier versions have none."""

from celery import Task, shared_task
from django.conf import settings

from accounts.models import User
from orders import mailing
from orders.tasks import PATIENCE
from outbox.tasks import GiveUp, durable_task
from payments import (
    compensation,
    emails,
    expiry,
    inbox,
    leftovers,
    link_closing,
    link_emails,
    link_refunds,
    refunds,
    reminders,
)
from payments.models import PaymentAttempt
from payments.problems import NotRefundable, OverRefund
from payments.reconciliation import mail, run

RECONCILE_AGAIN = 8  # times, within an hour
AT_STRIPE = inbox.MAX_ATTEMPTS  # of what only Stripe can refuse: as long as its events are tried


@shared_task(name="payments.process_inbox", queue="webhooks", ignore_result=True, soft_time_limit=280, time_limit=300)
def process_inbox() -> int:
    """Works off the inbox: nudged by the webhook, and every few seconds by beat."""
    return inbox.drain()


@durable_task("payments.expire_attempts", queue="default", max_attempts=AT_STRIPE)
def expire_attempts(draft_id: str, order_id: int | None = None) -> None:
    expiry.expire_attempts(draft_id)


@durable_task("payments.close_attempt", queue="default", max_attempts=AT_STRIPE)
def close_attempt(attempt_id: int, order_id: int) -> None:
    """A page that nobody may pay on any more and that could not be closed at once."""
    expiry.close_attempt(PaymentAttempt.objects.select_related("order").get(pk=attempt_id, order_id=order_id))


@durable_task("payments.send_refund", queue="default", max_attempts=AT_STRIPE)
def send_refund(refund_id: int, order_id: int | None = None) -> None:
    refunds.send(refund_id)


@durable_task("payments.give_back", queue="default", max_attempts=AT_STRIPE)
def give_back(attempt_id: int, order_id: int | None = None) -> None:
    """C11: money that no order waits for goes back, whole."""
    _refund_whole(attempt_id, "no order waited for this payment", "give-back")


@durable_task("payments.refund_cancelled", queue="default", max_attempts=AT_STRIPE)
def refund_cancelled(
    attempt_id: int,
    reason: str = "the customer cancelled before production",
    actor_id: int | None = None,
    order_id: int | None = None,
) -> None:
    """The order was cancelled: all that is left of the payment goes back."""
    _refund_whole(attempt_id, reason, "cancelled", User.objects.filter(pk=actor_id).first() if actor_id else None)


@durable_task("payments.email_owner", queue="mail", max_attempts=PATIENCE)
def email_owner(attempt_id: int, kind: str, order_id: int | None = None, occurrence: str = "") -> None:
    emails.email_owner(attempt_id, kind, occurrence)


@shared_task(name="payments.compensate", queue="slow", ignore_result=True, soft_time_limit=580, time_limit=600)
def compensate() -> int:
    """Hourly: orders whose photos never came back are refunded and cancelled."""
    return compensation.run()


@shared_task(name="payments.close_leftovers", ignore_result=True, soft_time_limit=280, time_limit=300)
def close_leftovers() -> int:
    """Every few minutes: Sessions and orders past their time whose event never came."""
    return leftovers.run()


@shared_task(name="payments.purge_events", queue="slow", ignore_result=True, soft_time_limit=580, time_limit=600)
def purge_events() -> int:
    """Daily: forgets webhook events that were done WEBHOOK_EVENTS_KEEP_DAYS ago."""
    return inbox.purge(settings.WEBHOOK_EVENTS_KEEP_DAYS)


@shared_task(name="payments.remind_vouchers", ignore_result=True, soft_time_limit=280, time_limit=300)
def remind_vouchers() -> int:
    """Hourly: vouchers that run out within a day."""
    return reminders.run()


@shared_task(
    name="payments.reconcile",
    queue="slow",
    bind=True,
    ignore_result=True,
    soft_time_limit=3500,
    time_limit=3600,
    autoretry_for=(Exception,),
    retry_backoff=60,  # seconds, doubling, ten minutes at most
    retry_jitter=False,
    max_retries=RECONCILE_AGAIN,
)
def reconcile(self: Task[[], int]) -> int:
    """Daily: the payments of every day not compared yet against Stripe's books; how many discrepancies are open."""
    return run.catch_up(last=self.request.retries >= RECONCILE_AGAIN).open


@durable_task("payments.email_link", queue="mail", max_attempts=PATIENCE)
def email_link(payment_id: int, kind: str, occurrence: str = "") -> None:
    try:
        link_emails.email_link(payment_id, kind, occurrence)
    except mailing.Refused as error:
        raise GiveUp(str(error)) from error


@durable_task("payments.close_link", queue="default", max_attempts=AT_STRIPE)
def close_link(link_id: int) -> None:
    link_closing.end_pages(link_id)


@durable_task("payments.refund_link", queue="default", max_attempts=AT_STRIPE)
def refund_link(refund_id: int) -> None:
    link_refunds.send(refund_id)


@durable_task("payments.email_discrepancies", queue="mail", max_attempts=PATIENCE)
def email_discrepancies(date: str, occurrence: str = "") -> None:
    mail.email_discrepancies(date, occurrence)


def _refund_whole(attempt_id: int, reason: str, purpose: str, actor: User | None = None) -> None:
    """All that is left of a payment, once, however often it is tried."""
    public_id = PaymentAttempt.objects.values_list("public_id", flat=True).get(pk=attempt_id)
    try:
        refunds.refund(attempt_id, reason=reason, actor=actor, key=f"{purpose}:{public_id}")
    except OverRefund:
        return  # somebody refunded it already
    except NotRefundable as error:
        raise GiveUp(str(error)) from error
