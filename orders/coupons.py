"""Coupon codes: which may be used, what they take off, and how their uses are counted.

A use is an order that names the code and is neither expired nor cancelled: waiting for payment it holds the use, paid
it keeps it. Freezing an order counts under the code's row lock, so that the limit holds however many pay at once. Orders
of one draft that wait for payment count once: at most one is wanted. Two things may exceed a limit, since a sum that
was frozen and paid stands: a late payment that revives an expired order (C11), and for the limit a customer, orders of
one person paid side by side, because before payment the database knows no email address.
"""

import structlog
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from orders.models import Coupon, Order
from orders.pricing import Discount
from orders.problems import Problem

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
    """The code as it is stored, from what a customer typed."""
    return "".join(str(text).split()).upper()[:30] if isinstance(text, str) else ""


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
    return coupon


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
    if coupon.max_uses is not None and others.count() >= coupon.max_uses:
        raise CouponRefused("coupon_used_up")
    if (
        coupon.max_uses_each is not None
        and email
        and others.filter(email__iexact=email).count() >= coupon.max_uses_each
    ):
        raise CouponRefused("coupon_used_up")
