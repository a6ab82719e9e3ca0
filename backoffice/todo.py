"""What the owner should do next (O1): each kind is one cheap, indexed question about orders."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orders.models import Order
from outbox.models import OutboxMessage
from payments.models import Dispute, PaymentAttempt, PaymentEvent

COUNT_CAP = 100  # "99+": counting stops there, so that a million orders cost no more than a hundred
FAILED_CAP = 500  # orders with failed tasks, or kept money, that are looked at; more would mean an outage, not a list


class Todo(StrEnum):
    """The kinds, in the order in which they should be looked at."""

    REVIEW = "review"
    MONEY = "money"
    TASKS = "tasks"
    PHOTOS = "photos"
    ADDRESS = "address"
    PRINT = "print"
    FINISH = "finish"
    SHIP = "ship"


@dataclass(frozen=True)
class Ids:
    """Orders that other tables name: with tasks that gave up, and with money that should go back."""

    failed: list[int]
    kept: list[int]


@dataclass(frozen=True)
class Look:
    """How a kind is shown: its name in lists, what to do, and how urgent it is (unfold's label variants)."""

    title: StrPromise | str
    advice: StrPromise | str
    variant: str


LOOKS = {
    Todo.REVIEW: Look(
        _("Payment to review"),
        _("The payment differs from the order, is disputed or went back: look before printing."),
        "danger",
    ),
    Todo.MONEY: Look(
        _("Money to give back"),
        _("Cancelled, replaced or paid twice: see whether its refund is on its way; otherwise refund what is left."),
        "danger",
    ),
    Todo.TASKS: Look(_("Failed tasks"), _("Something gave up (storing, mail): see why and press retry."), "danger"),
    Todo.PHOTOS: Look(_("Photos missing"), _("The customer was asked to upload them again."), "warning"),
    Todo.ADDRESS: Look(_("Address unchecked"), _("Check the address before shipping."), "warning"),
    Todo.PRINT: Look(_("To print"), _("Paid and stored: download the print files and start."), "primary"),
    Todo.FINISH: Look(_("In production"), _("Mark it ready when the prints are done."), "info"),
    Todo.SHIP: Look(_("To send or hand over"), _("Ship it, or mark it as picked up."), "info"),
}

OPEN_STATES = (Order.State.PAID, Order.State.NEEDS_PHOTOS, Order.State.IN_PRODUCTION, Order.State.READY)
REFUNDED = Order.PaymentState.REFUNDED  # before production: whoever asked for the money back hardly wants the prints
REVIEWED_STATES = (Order.PaymentState.REVIEW, Order.PaymentState.DISPUTED)
MONEY_STATES = (Order.PaymentState.PAID, Order.PaymentState.PARTLY_REFUNDED, Order.PaymentState.REVIEW)


def failed_order_ids() -> list[int]:
    """Orders with a task that gave up, newest failure first, at most FAILED_CAP."""
    rows = OutboxMessage.objects.filter(state=OutboxMessage.State.FAILED, payload__has_key="order_id")
    return [int(pk) for pk in rows.order_by("-created_at").values_list("payload__order_id", flat=True)[:FAILED_CAP]]


def kept_order_ids(order_id: int | None = None) -> list[int]:
    """Orders for which money came that none waited for, such as a second payment or one of a replaced version, and not all
    of it has gone back or to the bank; at most FAILED_CAP. Of the one order, when it is named."""
    lost = Dispute.objects.filter(attempt=OuterRef("pk"), status="lost").order_by().values("attempt")
    lost = lost.annotate(sum=Sum("amount_cents"))
    rows = PaymentAttempt.objects.filter(
        Exists(PaymentEvent.objects.filter(attempt=OuterRef("pk"), kind="unwanted")),
        state=PaymentAttempt.State.CONFIRMED,
        received_cents__gt=F("refunded_cents") + Coalesce(Subquery(lost.values("sum")), 0),
    )
    rows = rows.filter(order=order_id) if order_id else rows
    return list(rows.order_by("-pk").values_list("order_id", flat=True)[:FAILED_CAP])


def condition(kind: Todo, ids: Ids) -> Q:
    """The orders of a kind."""
    match kind:
        case Todo.REVIEW:
            return Q(payment_state__in=REVIEWED_STATES) | Q(state=Order.State.PAID, payment_state=REFUNDED)
        case Todo.MONEY:
            return Q(state=Order.State.CANCELLED, payment_state__in=MONEY_STATES) | Q(pk__in=ids.kept)
        case Todo.TASKS:
            return Q(pk__in=ids.failed)
        case Todo.PHOTOS:
            return Q(state=Order.State.NEEDS_PHOTOS)
        case Todo.ADDRESS:
            return Q(address_flagged=True, state__in=OPEN_STATES)
        case Todo.PRINT:
            return Q(state=Order.State.PAID, stored_at__isnull=False) & ~Q(payment_state=REFUNDED)
        case Todo.FINISH:
            return Q(state=Order.State.IN_PRODUCTION)
        case Todo.SHIP:
            return Q(state=Order.State.READY)


def counts(ids: Ids) -> dict[Todo, int]:
    """How many orders wait in each kind, each counted up to COUNT_CAP, in one query."""
    queries: list[QuerySet[Order, str]] = [
        Order.objects.filter(condition(kind, ids))
        .order_by()
        .annotate(kind=Value(kind.value, output_field=CharField()))
        .values_list("kind", flat=True)[:COUNT_CAP]
        for kind in Todo
        if kind is not Todo.TASKS
    ]
    found = Counter(queries[0].union(*queries[1:], all=True))
    return {kind: len(set(ids.failed)) if kind is Todo.TASKS else found[kind.value] for kind in Todo}


def next_step(order: Order, failed: Collection[int], kept: Collection[int]) -> Todo | None:
    """The first thing to do about an order, as the ids say it; None when there is nothing."""
    open_order = order.state in OPEN_STATES
    checks = {
        Todo.REVIEW: order.payment_state in REVIEWED_STATES
        or (order.state == Order.State.PAID and order.payment_state == REFUNDED),
        Todo.MONEY: (order.state == Order.State.CANCELLED and order.payment_state in MONEY_STATES) or order.pk in kept,
        Todo.TASKS: order.pk in failed,
        Todo.PHOTOS: order.state == Order.State.NEEDS_PHOTOS,
        Todo.ADDRESS: order.address_flagged and open_order,
        Todo.PRINT: order.state == Order.State.PAID and order.stored_at is not None,
        Todo.FINISH: order.state == Order.State.IN_PRODUCTION,
        Todo.SHIP: order.state == Order.State.READY,
    }
    return next((kind for kind in Todo if checks[kind]), None)
