"""The Multibanco reference of an order that its customer is to pay (C29), and when there is none any more (C6, C28)."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime

from orders import drafts
from orders.models import Order

OPEN = ("created", "pending")  # of a payment attempt; payments.attempts says the same


@dataclasses.dataclass(frozen=True)
class Voucher:
    entity: str
    reference: str
    amount_cents: int
    expires_at: datetime.datetime | None


def payable(order: Order) -> Voucher | None:
    """The newest reference whose payment is open, while the order waits for it and nobody has changed it since."""
    if order.state != Order.State.PENDING or order.payment_state != Order.PaymentState.AWAITING:
        return None
    found = issued(order)
    return found if found is not None and not changed_since(order) else None


def issued(order: Order) -> Voucher | None:
    """The newest reference that may still be paid at a cash machine, also where nobody should any more."""
    waiting = [attempt for attempt in order.attempts.all() if attempt.voucher and attempt.state in OPEN]
    return read(max(waiting, key=lambda attempt: attempt.created_at).voucher) if waiting else None


def read(kept: Mapping[str, Any] | None) -> Voucher | None:
    """A reference as the attempt's row keeps it."""
    if not kept:
        return None
    return Voucher(
        entity=str(kept.get("entity") or ""),
        reference=str(kept.get("reference") or ""),
        amount_cents=int(kept.get("amount_cents") or 0),
        expires_at=parse_datetime(str(kept.get("expires_at") or "")),
    )


def changed_since(order: Order) -> bool:
    """The draft holds something else by now, or another version of it was bought: this one is not to be paid (C6)."""
    draft = drafts.get(order.draft_id)
    if draft is None:
        return Order.objects.filter(draft_id=order.draft_id, paid_at__isnull=False).exclude(pk=order.pk).exists()
    if draft.ordered:
        return draft.ordered != order.number
    known = draft.checkout or {}
    return known.get("order") != order.number or bool(known.get("stale"))
