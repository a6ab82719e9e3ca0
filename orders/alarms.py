"""What the owner is told at once when work on a paid order gave up. The failed outbox row stays for "retry"."""

from django.db import transaction
from django.utils import timezone

from orders.models import Order
from outbox.services import enqueue


def storing_gave_up(order_id: int) -> None:
    """At most one mail a day and order, however often it is retried."""
    order = Order.objects.get(pk=order_id)
    with transaction.atomic():
        enqueue(
            "orders.email_alarm",
            key=f"email-alarm:{order.number}:{timezone.localdate()}",
            queue="mail",
            payload={"order_id": order_id},
        )
