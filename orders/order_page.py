"""What the order page says: where the order is on its way, what to do now, and how often the page looks again."""

import dataclasses
import datetime

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from orders import vouchers
from orders.models import Order, OrderEvent
from orders.vouchers import Voucher

State = Order.State
POLLS = 40  # then the page stops looking by itself
SLOWEST_SECONDS = 60
SETTLED = (State.DELIVERED, State.EXPIRED, State.CANCELLED)

BY_POST = (
    (State.PAID, _("Paid")),
    (State.IN_PRODUCTION, _("Being printed")),
    (State.READY, _("Packed")),
    (State.SHIPPED, _("On its way")),
    (State.DELIVERED, _("Delivered")),
)
PICKUP = (
    (State.PAID, _("Paid")),
    (State.IN_PRODUCTION, _("Being printed")),
    (State.READY, _("Ready for pickup")),
    (State.DELIVERED, _("Picked up")),
)


@dataclasses.dataclass(frozen=True)
class Step:
    label: StrOrPromise
    at: datetime.datetime | None
    look: str  # "is-done", "is-now" or ""


def steps(order: Order, events: list[OrderEvent]) -> list[Step]:
    """The way of a paid order, with the time of each step that it has reached. It is paid when the money came, also where
    photos that were sent again led it back there; what happens within a state moves no time."""
    way = PICKUP if order.method == Order.Method.PICKUP else BY_POST
    moves = {event.to_state: event.at for event in events if event.from_state != event.to_state}
    reached: dict[str, datetime.datetime | None] = {**moves, State.PAID: order.paid_at}
    states = [state for state, _label in way]
    now = State.PAID if order.state == State.NEEDS_PHOTOS else order.state
    place = states.index(State(now)) if now in states else -1
    return [
        Step(
            label,
            reached.get(state) if at <= place else None,
            "is-now" if at == place else "is-done" if at < place else "",
        )
        for at, (state, label) in enumerate(way)
    ]


def may_pay(order: Order, voucher: Voucher | None) -> bool:
    """Whether the page leads back to paying: nothing came yet, and no reference waits to be paid instead (C28).

    A reference of what was changed since is not to be paid (C6); a bank that is still working on a payment is waited for.
    """
    if order.state != State.PENDING or voucher is not None:
        return False
    if order.payment_state == Order.PaymentState.AWAITING:
        return vouchers.issued(order) is not None
    return order.payment_state == Order.PaymentState.UNPAID


def refunded_cents(order: Order) -> int:
    """What went back of the order's price; a second payment that was sent back whole is none of it (C11)."""
    payments = order.attempts.all()
    received = sum(attempt.received_cents or 0 for attempt in payments)
    returned = sum(attempt.refunded_cents for attempt in payments)
    return max(0, returned - max(0, received - order.total_cents))


def may_start_again(order: Order) -> bool:
    """Whether the page leads to a new order: this one is over, and no money of it waits for the studio's look."""
    undecided = order.payment_state in (Order.PaymentState.REVIEW, Order.PaymentState.DISPUTED)
    given_back = order.state == State.PENDING and order.payment_state == Order.PaymentState.REFUNDED
    return given_back or (order.state == State.EXPIRED and not undecided)


def look_again_after(order: Order, polls: int) -> int | None:
    """Seconds until the page asks again: soon at first, then ever more slowly, and at last, or when settled, not at all."""
    if order.state in SETTLED or polls >= POLLS:
        return None
    quick = 2 if order.state == State.PENDING else 5
    return min(round(quick * 1.25**polls), SLOWEST_SECONDS)


def version(order: Order, voucher: Voucher | None) -> str:
    """Changes with everything that the page shows of the order's way."""
    missing = sum(1 for photo in order.photos.all() if photo.missing_since)
    reference = f".{voucher.reference.replace(' ', '')}" if voucher else ""
    return f"{order.state}.{order.payment_state}.{order.tracking}.{missing}{reference}"
