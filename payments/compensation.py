"""Photos that never came back: the customer is reminded, then the order is cancelled and its money goes back by itself.

The compensation of fulfilment's saga (DESIGN §3). NEEDS_PHOTOS_DAYS count from the last time the shop asked.
"""

import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from orders import services as orders
from orders.models import Order
from outbox.services import enqueue
from payments import cancelling
from payments.models import PaymentAttempt

REMIND_DAYS_BEFORE = 3
WHY = "the photos did not come back in time"

log = structlog.get_logger(__name__)


def run() -> int:
    """Reminds and cancels what is due; how many orders were cancelled. Safe to repeat and to race with an upload."""
    days = datetime.timedelta(days=settings.NEEDS_PHOTOS_DAYS)
    warning = min(datetime.timedelta(days=REMIND_DAYS_BEFORE), days / 2)
    for order_id in _asked_before(timezone.now() - days + warning).values_list("pk", flat=True):
        remind(order_id)
    overdue = list(_asked_before(timezone.now() - days).values_list("pk", flat=True))
    return sum(give_up(order_id) for order_id in overdue)


def remind(order_id: int) -> None:
    """One reminder each time the shop asked."""
    with transaction.atomic():
        order = orders.lock(order_id)
        if order.state != Order.State.NEEDS_PHOTOS:
            return
        asked = order.events.filter(to_state=Order.State.NEEDS_PHOTOS).latest("pk")
        enqueue(
            "orders.email_customer",
            key=f"email-customer:{order.number}:photos_reminder:{asked.pk}",
            queue="mail",
            payload={"order_id": order.pk, "kind": f"photos_reminder:{asked.pk}"},
        )


def give_up(order_id: int) -> bool:
    """Cancels the order and plans its refund; False when the last photo came in this moment, or it is the owner's to
    decide (prints were made already, or the money is in dispute): then the owner is told, once.

    The order's row lock decides between this and `orders.services.replace_photo`: whoever comes second is refused.
    """
    with transaction.atomic():
        order = orders.lock(order_id)
        if not _asked_before(timezone.now() - datetime.timedelta(days=settings.NEEDS_PHOTOS_DAYS), order_id).exists():
            return False
        if not orders.customer_may_cancel(order):
            for attempt in order.attempts.filter(state=PaymentAttempt.State.CONFIRMED):
                cancelling.tell_owner(attempt, "photos_overdue")
            return False
        orders.cancel(order, why=WHY)
        cancelling.refund_all(order, WHY, tell="photos_missing")
    log.info("order_compensated", order=order.number)
    return True


def _asked_before(moment: datetime.datetime, order_id: int | None = None) -> QuerySet[Order]:
    """Orders that still need photos and were last asked for them before the moment."""
    waiting = Order.objects.filter(state=Order.State.NEEDS_PHOTOS)
    if order_id is not None:
        waiting = waiting.filter(pk=order_id)
    asked = Max("events__at", filter=Q(events__to_state=Order.State.NEEDS_PHOTOS))
    return waiting.annotate(asked_at=asked).filter(asked_at__lt=moment).order_by("pk")
