"""What the order's page shows: reads only, in a number of queries that does not grow with the order."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice import email_preview, money, stripe_links, todo
from backoffice.order_steps import steps_for
from backoffice.people import actor_of
from orders import links, services
from orders.email_kinds import NAMES as EMAIL_NAMES
from orders.models import Order, OrderEvent
from outbox.models import OutboxMessage
from payments import cancelling, event_words
from payments.models import PaymentAttempt, PaymentEvent

# What events are called here; a kind that is missing is shown as it is written.
NAMES = {
    "created": _("created"),
    "stored": _("photos stored"),
    "photos_deleted": _("photos deleted"),
    "photo_asked": _("another photo asked for"),
    "photo_replaced": _("photo replaced"),
    "photos_restored": _("photos complete again"),
}
# What tasks are called here; another is shown by its name in the code.
TASKS = {
    "orders.store_photos": pgettext_lazy("task", "Store the photos"),
    "orders.email_owner": pgettext_lazy("task", "Email to the studio"),
    "orders.email_customer": pgettext_lazy("task", "Email to the customer"),
    "payments.email_owner": pgettext_lazy("task", "Email to the studio"),
    "payments.send_refund": pgettext_lazy("task", "Send the refund"),
    "payments.give_back": pgettext_lazy("task", "Give back a payment that no order waited for"),
    "payments.refund_cancelled": pgettext_lazy("task", "Give back what was paid"),
    "payments.expire_attempts": pgettext_lazy("task", "Close payment pages that are out of date"),
    "payments.close_attempt": pgettext_lazy("task", "Close a payment page"),
}


def context(request: HttpRequest, order: Order) -> dict[str, Any]:
    """The template's variables. Prices and payments are left out for those who may not see them (O6)."""
    photos = list(order.photos.prefetch_related("items").order_by("seq"))
    tasks = list(OutboxMessage.objects.filter(payload__order_id=order.pk).order_by("created_at", "pk"))
    failed = {order.pk} if any(task.state == OutboxMessage.State.FAILED for task in tasks) else set()
    may_see_money, may_have_link = money.may_see(request), money.may_have_customers_link(request)
    attempts = list(order.attempts.prefetch_related("events__actor")) if may_see_money else []
    kind = todo.next_step(order, failed, set(todo.kept_order_ids(order.pk)))
    return {
        "order": order,
        "photos": photos,
        "printable": any(item.print_key for photo in photos for item in photo.items.all()),
        "steps": steps_for(order) if request.user.has_perm("orders.change_order") else [],
        "cannot_cancel": cancelling.refusal(order, actor_of(request)),
        "holds_money": order.payment_state in cancelling.HOLDS_MONEY,
        "may_ask_for_photos": order.state in services.ASKS_FOR_PHOTOS and request.user.has_perm("orders.change_order"),
        "may_refund": request.user.has_perm("orders.refund_order"),
        "may_retry": request.user.has_perm("outbox.change_outboxmessage"),
        "next": todo.LOOKS[kind] if kind else None,
        "money": _money(order) if may_see_money else None,
        "attempts": [_attempt(attempt) for attempt in attempts],
        "timeline": _timeline(order.events.select_related("actor"), attempts),
        "tasks": [(task, _task_name(task)) for task in tasks],
        "questions": list(order.questions.all()),
        "customer_link": links.order_path(order) if order.paid_at and may_have_link else "",
        "address": [line for line in (order.street, order.extra, f"{order.postal_code} {order.city}".strip()) if line],
        "emails": [(kind, EMAIL_NAMES[kind]) for kind in email_preview.kinds(order)] if may_have_link else [],
    }


def _money(order: Order) -> dict[str, str]:
    amounts = {
        "items": order.items_cents,
        "shipping": order.shipping_cents,
        "discount": -order.discount_cents,
        "tax": order.tax_cents,
        "total": order.total_cents,
    }
    return {name: money.amount(cents, order.currency) for name, cents in amounts.items()}


def _attempt(attempt: PaymentAttempt) -> dict[str, Any]:
    return {
        "row": attempt,
        "amount": money.amount(attempt.amount_cents, attempt.currency),
        "received": money.amount(attempt.received_cents or 0, attempt.currency),
        "refunded": money.amount(attempt.refunded_cents, attempt.currency) if attempt.refunded_cents else "",
        "link": stripe_links.payment(attempt),
    }


def _timeline(events: Iterable[OrderEvent], attempts: Iterable[PaymentAttempt]) -> list[dict[str, Any]]:
    """The order's and its payments' events, oldest first."""
    states = dict(Order.State.choices)
    rows = [
        {
            "at": event.at,
            "what": _event_name(event, states),
            "who": event.actor or _("the shop"),
            "why": event.why,
            "payment": False,
        }
        for event in events
    ]
    payment_events: list[PaymentEvent] = [event for attempt in attempts for event in attempt.events.all()]
    rows += [
        {
            "at": event.at,
            "what": event_words.kind(event.kind),
            "who": event.actor or "Stripe",
            "why": event.why,
            "payment": True,
        }
        for event in payment_events
    ]
    return sorted(rows, key=lambda row: row["at"])


def _task_name(task: OutboxMessage) -> str:
    """The task in words; of an email also which one."""
    name = str(TASKS.get(task.task, task.task))
    kind = str(task.payload.get("kind") or "").partition(":")[0]
    return f"{name}: {EMAIL_NAMES[kind]}" if kind in EMAIL_NAMES else name


def _event_name(event: OrderEvent, states: dict[str, Any]) -> str:
    if event.to_state and event.to_state != event.from_state and event.kind != "photo_asked":
        return str(states.get(event.to_state, event.to_state))
    return str(NAMES.get(event.kind, event.kind.replace("_", " ")))
