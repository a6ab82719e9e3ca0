"""Celery's side of an order: each task calls one service. Work is re-driven from outbox rows (outbox.tasks)."""

from celery import shared_task

from orders import alarms, emails, fulfilment, mailing, photo_retention, reordering, replacing
from outbox.tasks import GiveUp, durable_task
from uploads import storage

PATIENCE = 30  # attempts, 1 h 48 to 3 h 37 with the outbox's backoff: an outage is no reason to lose an order


@durable_task(
    "orders.store_photos", queue="photos", max_attempts=PATIENCE, time_limit=1800, on_give_up=alarms.storing_gave_up
)
def store_photos(order_id: int) -> None:
    """Originals, print files and manifest into S3."""
    try:
        fulfilment.store(order_id)
    except storage.StorageRefused as error:
        raise GiveUp("S3 refuses; mend its settings, then retry") from error


@durable_task("orders.email_owner", queue="mail", max_attempts=PATIENCE, time_limit=120)
def email_owner(order_id: int) -> None:
    """A new order, to the owner."""
    try:
        emails.send_to_owner(order_id)
    except mailing.Refused as error:
        raise GiveUp(str(error)) from error


@durable_task("orders.email_customer", queue="mail", max_attempts=PATIENCE, time_limit=120)
def email_customer(order_id: int, kind: str) -> None:
    """What happened to the order, to the customer in the order's language."""
    try:
        emails.send_to_customer(order_id, kind)
    except mailing.Refused as error:
        raise GiveUp(str(error)) from error


@durable_task("orders.email_alarm", queue="mail", max_attempts=PATIENCE, time_limit=120)
def email_alarm(order_id: int) -> None:
    """Storing an order gave up, to the owner."""
    try:
        emails.send_alarm(order_id)
    except mailing.Refused as error:
        raise GiveUp(str(error)) from error


@durable_task("orders.delete_replaced", queue="default", max_attempts=PATIENCE, time_limit=120)
def delete_replaced(order_id: int, keys: list[str]) -> None:
    """Files of a photo that the customer replaced, out of S3."""
    replacing.delete_files(order_id, keys)


@shared_task(name="orders.purge_photos", queue="slow", ignore_result=True, soft_time_limit=3580, time_limit=3600)
def purge_photos() -> int:
    """Daily: the photos of orders that ended PHOTOS_KEEP_DAYS ago leave S3; what an outage cuts off is done tomorrow."""
    return photo_retention.purge()


@durable_task("orders.bring_back", queue="photos", time_limit=1800, on_give_up=reordering.gave_up)
def bring_back(order_id: int, draft_id: str) -> None:
    """The photos of an earlier order, from S3 into the draft that orders them again."""
    reordering.bring_back(order_id, draft_id)


@durable_task("orders.email_question", queue="mail", max_attempts=PATIENCE, time_limit=120)
def email_question(order_id: int, question_id: int) -> None:
    """A customer's question, to the owner."""
    try:
        emails.send_question(order_id, question_id)
    except mailing.Refused as error:
        raise GiveUp(str(error)) from error
