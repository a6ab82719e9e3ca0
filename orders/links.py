"""Signed links: a customer without an account opens the order page with one. Revoked by raising `link_version` (S4)."""

import hmac
import re
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac
from django.utils.http import urlsafe_base64_encode

from orders.models import Order

# Of pages whose address holds a token: nobody is told more than the shop's origin (S4). With "no-referrer" browsers send
# `Origin: null` with the page's own forms, which Django's CSRF check refuses.
REFERRER_POLICY = "strict-origin"
NUMBER = re.compile(r"[!-~]{1,16}")


def numbered(orders: QuerySet[Order], number: str) -> Order | None:
    """The order of that number. What cannot be one is not asked for: PostgreSQL takes no NUL (S5)."""
    return orders.filter(number=number).first() if NUMBER.fullmatch(number) else None


def token(order: Order) -> str:
    """The token of the order's link, 192 bits; it changes with `link_version`."""
    digest = salted_hmac("orders.links", f"{order.number}:{order.link_version}", algorithm="sha256").digest()
    return urlsafe_base64_encode(digest[:24])


def check(order: Order, given: str) -> bool:
    """Whether `given` opens this order; takes the same time whatever is given."""
    return hmac.compare_digest(token(order).encode(), given.encode("utf-8", "replace"))


def order_path(order: Order) -> str:
    """The order page's path with its token."""
    return f"/orders/{order.number}/?{urlencode({'t': token(order)})}"


def absolute(order: Order) -> str:
    """The order page's whole address, for emails and Stripe."""
    return f"{settings.SITE_URL}{order_path(order)}"
