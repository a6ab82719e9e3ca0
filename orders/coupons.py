"""Coupon codes: which may be used, what they take off, and how their uses are counted.

A use is an order that names the code and is neither expired nor cancelled: waiting for payment it holds the use, paid
it keeps it. Freezing an order counts under the code's row lock, so that the limit holds however many pay at once: who
comes second is told so, and shown the sum without the discount. Orders of one draft that wait for payment count once:
at most one is wanted.

For the limit a customer the database knows the email address of paid orders only. Which drafts wait for payment under
an address stands in Redis, under a keyed hash of it, as long as their orders can be paid. A sum that was frozen stands:
a limit is exceeded by a late payment that revives an expired order (C11), and where Redis was emptied meanwhile.
"""

import re
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_str
from django.utils.translation import gettext_lazy as _
from django_redis import get_redis_connection
from django_stubs_ext import StrOrPromise

from orders import snapshots
from orders.models import Coupon, Order
from orders.pricing import Discount
from orders.problems import Problem

if TYPE_CHECKING:
    import redis

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # NUL, and half a surrogate pair, which JSON can carry
UNUSED = (Order.State.EXPIRED, Order.State.CANCELLED)

DETAILS: dict[str, StrOrPromise] = {
    "coupon_unknown": _("We do not know this code. Please check how it is written."),
    "coupon_not_yet": _("This code is not valid yet."),
    "coupon_expired": _("This code is no longer valid."),
    "coupon_used_up": _("This code has been used as often as it may."),
    "coupon_minimum": _("This code holds for larger orders only."),
}

log = structlog.get_logger(__name__)


class CouponRefused(Problem):
    """The code does not hold; `code` says why (a key of DETAILS)."""

    status = 422

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(DETAILS[code])


def spelled(text: object) -> str:
    """The code as it is stored, from what a customer typed. What PostgreSQL cannot take becomes a sign of no code (S5)."""
    return "".join(UNSTORABLE.sub("\ufffd", text).split()).upper()[:30] if isinstance(text, str) else ""


def discount(coupon: Coupon) -> Discount:
    return Discount(coupon.code, coupon.kind, coupon.percent or 0, coupon.amount_cents or 0)


def find(code: str, *, draft_id: str, email: str = "") -> Coupon:
    """The coupon of that code, if it can be used now by this draft and customer. Raises CouponRefused."""
    coupon = Coupon.objects.filter(code=code).first()
    if coupon is None:
        raise CouponRefused("coupon_unknown")
    _check(coupon, draft_id, email)
    return coupon


def demand_minimum(coupon: Coupon, items_cents: int) -> None:
    """Raises CouponRefused where the prints cost less than the code asks for."""
    if items_cents < coupon.minimum_cents:
        raise CouponRefused("coupon_minimum")


def claim(code: str, *, draft_id: str, email: str) -> Coupon:
    """The coupon, its row locked until the transaction that makes the order ends. Raises CouponRefused."""
    coupon = Coupon.objects.select_for_update(of=("self",)).filter(code=code).first()
    if coupon is None:
        raise CouponRefused("coupon_unknown")
    _check(coupon, draft_id, email)
    if coupon.max_uses_each is not None:
        _wait(coupon, draft_id, email, settings.DRAFT_TTL_SECONDS + settings.CHECKOUT_EXPIRES_SECONDS)
    return coupon


def keep_waiting(order: Order, seconds: int) -> None:
    """The unpaid order goes on holding its customer's use for `seconds` (a voucher's life)."""
    snapshot = snapshots.load(order.number) if order.coupon is not None else None
    if order.coupon is not None and order.coupon.max_uses_each is not None and snapshot is not None:
        _wait(order.coupon, order.draft_id, str(snapshot.delivery.get("email") or ""), seconds)


def uses(coupon: Coupon) -> QuerySet[Order]:
    """The orders that use the coupon, see above."""
    return Order.objects.filter(coupon=coupon).exclude(state__in=UNUSED)


def _check(coupon: Coupon, draft_id: str, email: str) -> None:
    now = timezone.now()
    if not coupon.active or (coupon.valid_until is not None and coupon.valid_until <= now):
        raise CouponRefused("coupon_expired")
    if coupon.valid_from > now:
        raise CouponRefused("coupon_not_yet")
    others = uses(coupon).exclude(draft_id=draft_id, state=Order.State.PENDING)
    if coupon.max_uses is not None and _purchases(others) >= coupon.max_uses:
        raise CouponRefused("coupon_used_up")
    if coupon.max_uses_each is not None and email and _of(coupon, others, email) >= coupon.max_uses_each:
        raise CouponRefused("coupon_used_up")


def _purchases(orders: QuerySet[Order]) -> int:
    """How many of the orders can be wanted: of the versions of one draft that wait for payment, one."""
    waiting = orders.filter(state=Order.State.PENDING).values("draft_id").distinct()
    return orders.exclude(state=Order.State.PENDING).count() + waiting.count()


def _of(coupon: Coupon, orders: QuerySet[Order], email: str) -> int:
    """How many of the orders are this customer's: paid, or of a draft that waits for payment under the address."""
    drafts = [force_str(draft_id) for draft_id in _redis().smembers(_key(coupon, email))]
    waiting = orders.filter(state=Order.State.PENDING, draft_id__in=drafts)
    return orders.filter(email__iexact=email).count() + waiting.values("draft_id").distinct().count()


def _wait(coupon: Coupon, draft_id: str, email: str, seconds: int) -> None:
    """Notes that the draft waits for payment under the address, for at least `seconds`. That its order was never made,
    or has ended, does no harm: only pending orders count."""
    key = _key(coupon, email)
    _redis().sadd(key, draft_id)
    if _redis().ttl(key) < seconds:
        _redis().expire(key, seconds)


def _key(coupon: Coupon, email: str) -> str:
    return f"coupon:{coupon.pk}:{salted_hmac('orders.coupons', email.strip().lower(), algorithm='sha256').hexdigest()}"


def _redis() -> "redis.Redis":
    connection: redis.Redis = get_redis_connection("default")
    return connection
