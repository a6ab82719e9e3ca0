"""What the review page says beside the sum: when it arrives, and how little is lacking for more."""

from django.utils import timezone

from orders import arrival
from orders.basket import Basket
from orders.models import Order


def of_basket(basket: Basket) -> dict[str, object]:
    """`arrives` (first and last day, None for pickup), `free_shipping_left` and `minimum_left` (cents, 0: nothing to say)."""
    shop, totals = basket.book.shop, basket.totals
    posted = (basket.draft.delivery or {}).get("method") == Order.Method.POST
    free_from = shop.free_shipping_from_cents
    left = free_from - totals.items_cents if posted and free_from is not None and totals.shipping_cents else 0
    return {
        "arrives": arrival.window(shop, timezone.localdate()) if posted else None,
        "free_shipping_left": max(0, left),
        "minimum_left": basket.minimum_left,
    }
