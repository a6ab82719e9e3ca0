"""Cents as people read them, and who may."""

from django.http import HttpRequest
from django.utils import formats

VIEW_MONEY = "orders.view_money"
REFUND = "orders.refund_order"
SIGNS = {"EUR": "€"}


def amount(cents: int, currency: str = "EUR") -> str:
    """E.g. "12,50 €" in Portuguese, "12.50 €" in English."""
    return f"{formats.number_format(cents / 100, decimal_pos=2, force_grouping=True)} {SIGNS.get(currency, currency)}"


def may_see(request: HttpRequest) -> bool:
    """O6: prices and payments are shown to those with the right alone."""
    return request.user.has_perm(VIEW_MONEY)


def may_have_customers_link(request: HttpRequest) -> bool:
    """O6: whoever opens an order by the customer's link sees what was paid and can cancel it, which refunds everything."""
    return request.user.has_perms((VIEW_MONEY, REFUND))
