"""What should have been told by an event and was not: Sessions, Intents and vouchers past their time, orders that nobody
can pay any more; and what an edit was to close and did not (C6). Stripe is asked first; only then is anything closed here
(C52's little brother, every few minutes).
"""

import datetime
import functools
from collections.abc import Callable, Iterator

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from orders import drafts, vouchers
from orders import services as orders
from orders.models import Order
from payments import at_stripe, attempts, books, expiry, gateway
from payments.confirmation import NotVisibleYet
from payments.models import PaymentAttempt

GRACE = datetime.timedelta(minutes=10)  # the event usually comes within seconds
AT_ONCE = 100

log = structlog.get_logger(__name__)


def run() -> int:
    """Closes what is over; how many attempts were looked at. Goes on at the next turn where Stripe is away."""
    looked_at = 0
    for attempt, close in _work():
        try:
            close()
        except (gateway.GatewayRefused, at_stripe.StillOpen) as error:
            log.warning("leftover_refused", payment=attempt.public_id, code=error.code)
        except (gateway.GatewayUnavailable, expiry.StripeAway):
            break
        except NotVisibleYet:
            log.warning("leftover_of_another_order", payment=attempt.public_id)
        looked_at += 1
    _expire_abandoned()
    return looked_at


def _work() -> Iterator[tuple[PaymentAttempt, Callable[[], None]]]:
    for attempt in _changed():
        yield attempt, functools.partial(expiry.expire_attempts, attempt.order.draft_id)
    for attempt in _overdue():
        yield attempt, functools.partial(expiry.close_attempt, attempt)


def _changed() -> list[PaymentAttempt]:
    """Open pages of what the draft no longer is (C6): an edit is in Redis before its task is in the outbox, and who died in
    between planned nothing. What was begun to be paid later, by a reference or a bank, cannot be withdrawn. In no order, as below."""
    still_open = PaymentAttempt.objects.filter(state__in=attempts.OPEN, voucher__isnull=True)
    pages = still_open.exclude(state=PaymentAttempt.State.PENDING, url="").filter(order__state=Order.State.PENDING)
    some = pages.select_related("order").order_by("?")[:AT_ONCE]
    return [attempt for attempt in some if vouchers.changed_since(attempt.order)]


def _overdue() -> list[PaymentAttempt]:
    """Open attempts whose page has closed, and vouchers that can no longer be paid nor reported as paid (C30).

    In no order, so that some that cannot be settled never keep the others from their turn.
    """
    now = timezone.now()
    still_open = PaymentAttempt.objects.filter(state__in=attempts.OPEN).order_by("?")
    closed = still_open.filter(voucher__isnull=True, expires_at__lt=now - GRACE)[:AT_ONCE]
    vouchers = still_open.filter(voucher__isnull=False, created_at__lt=now - orders.VOUCHER_EXTRA)
    return [*closed, *[attempt for attempt in vouchers[:AT_ONCE] if _voucher_over(attempt, now)]]


def _voucher_over(attempt: PaymentAttempt, now: datetime.datetime) -> bool:
    until = parse_datetime(str((attempt.voucher or {}).get("expires_at") or ""))
    return until is None or until + orders.VOUCHER_EXTRA < now


def _expire_abandoned() -> None:
    """Orders without anything payable whose draft is gone or has moved on: nobody can pay them any more. While the draft
    lives the customer may try again with the same photos (C28)."""
    old = timezone.now() - datetime.timedelta(seconds=settings.DRAFT_TTL_SECONDS + settings.CHECKOUT_EXPIRES_SECONDS)
    live = PaymentAttempt.objects.filter(order=OuterRef("pk")).filter(
        Q(state__in=attempts.OPEN) | Q(state=PaymentAttempt.State.CONFIRMED)
    )
    abandoned = Order.objects.filter(
        ~Exists(live), state=Order.State.PENDING, payment_state=Order.PaymentState.UNPAID, created_at__lt=old
    )
    for order in abandoned.order_by("pk")[:AT_ONCE]:
        draft = drafts.get(order.draft_id)
        if draft is None or (draft.checkout or {}).get("order") != order.number:
            books.end(order.pk, "nobody paid in time")
