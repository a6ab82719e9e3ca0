"""Every change of a payment attempt's state: rows locked, looked at again, written, noted. No network call to Stripe.

Lock order everywhere: the order's row, then the attempt's, then refunds (orders.services says the same).
"""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from orders import services as orders
from orders.models import Order
from outbox.services import enqueue
from payments import facts
from payments.models import PaymentAttempt, PaymentEvent

State = PaymentAttempt.State
OPEN = (State.CREATED, State.PENDING)
PaymentState = Order.PaymentState

log = structlog.get_logger(__name__)


def lock(attempt_id: int, order_id: int | None = None) -> tuple[Order, PaymentAttempt]:
    """The order, asked for where it is not given, and the attempt, both rows locked in that order; call inside a transaction."""
    order_id = order_id or PaymentAttempt.objects.values_list("order_id", flat=True).get(pk=attempt_id)
    order = orders.lock(order_id)
    return order, PaymentAttempt.objects.select_for_update(of=("self",)).get(pk=attempt_id)


def note(attempt: PaymentAttempt, kind: str, *, before: str = "", why: str = "", actor: User | None = None) -> None:
    """One line of the payment's history."""
    log.info("payment_event", payment=attempt.public_id, order_id=attempt.order_id, kind=kind, state=attempt.state)
    PaymentEvent.objects.create(
        attempt=attempt, kind=kind, from_state=before, to_state=attempt.state, why=why[:255], actor=actor
    )


def move(attempt: PaymentAttempt, to: str, why: str = "", kind: str = "") -> None:
    before, attempt.state = attempt.state, to
    attempt.save()
    note(attempt, kind or str(to), before=before, why=why)


def opened(attempt_id: int, session: facts.Session, order_id: int | None = None) -> PaymentAttempt:
    """Stripe made the Session: its id and page are kept. A second answer for the same key changes nothing (C5).

    An attempt that was canceled while Stripe was asked gets the id too and stays canceled: the caller expires it there.
    """
    with transaction.atomic():
        order, attempt = lock(attempt_id, order_id)
        attempt.order = order
        if not attempt.stripe_id:
            attempt.session_id, attempt.url = session.id or None, session.url or own_page(attempt)
            attempt.intent_id = attempt.intent_id or session.intent_id or None
            move(attempt, State.PENDING if attempt.state == State.CREATED else attempt.state, kind="opened")
        return attempt


def own_page(attempt: PaymentAttempt) -> str:
    """The shop's page with the Payment Element."""
    return f"{settings.SITE_URL}/pay/{attempt.public_id}/"


def close(attempt_id: int, to: str, why: str, *, failure_code: str = "") -> PaymentAttempt:
    """Ends an open attempt as failed or canceled; a confirmed one stays confirmed."""
    with transaction.atomic():
        _order, attempt = lock(attempt_id)
        if attempt.state in OPEN:
            attempt.failure_code = failure_code or attempt.failure_code
            attempt.url = ""
            move(attempt, to, why)
        return attempt


def close_unopened(attempt_id: int, why: str) -> PaymentAttempt:
    """Ends an attempt that Stripe never made, unless a call at the same time has got its Session since (C5)."""
    with transaction.atomic():
        _order, attempt = lock(attempt_id)
        return attempt if attempt.stripe_id else close(attempt_id, State.CANCELED, why)


def close_later(attempt: PaymentAttempt, after: str = "") -> None:
    """Plans that the attempt's page or Intent is closed at Stripe, tried until it is. `after` tells two closings of one
    attempt apart: a voucher that was issued stays open the first time."""
    with transaction.atomic():
        enqueue(
            "payments.close_attempt",
            key=f"close:{attempt.public_id}" + (f":{after}" if after else ""),
            payload={"order_id": attempt.order_id, "attempt_id": attempt.pk},
        )


@dataclasses.dataclass(frozen=True)
class Money:
    """What arrived, as fetched from Stripe just now."""

    cents: int
    currency: str
    intent_id: str
    charge_id: str

    def fits(self, attempt: PaymentAttempt, order: Order) -> bool:
        """C10: exactly what the frozen order costs."""
        return (
            self.cents == attempt.amount_cents == order.total_cents
            and self.currency == attempt.currency == order.currency
        )


def write_money(attempt: PaymentAttempt, money: Money) -> None:
    """Notes on a locked attempt that money arrived: confirmed, whatever state it had (a closed one may still be paid)."""
    attempt.received_cents, attempt.confirmed_at = money.cents, timezone.now()
    attempt.intent_id, attempt.charge_id = money.intent_id or attempt.intent_id, money.charge_id or attempt.charge_id
    attempt.url, attempt.failure_code = "", ""
    move(attempt, State.CONFIRMED)


def set_payment_state(order: Order, state: str) -> None:
    """On a locked order."""
    if order.payment_state != state:
        order.payment_state = state
        order.save(update_fields=["payment_state"])


def voucher_json(voucher: facts.Voucher, attempt: PaymentAttempt) -> Mapping[str, Any]:
    return {
        "entity": voucher.entity,
        "reference": voucher.reference,
        "amount_cents": attempt.amount_cents,
        "expires_at": _iso(voucher.expires_at),
        "url": voucher.url,
    }


def _iso(moment: datetime.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
