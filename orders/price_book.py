"""What the shop sells at which prices, and its settings: read together, once a request.

`read` asks PostgreSQL and is for whatever counts: the API, saving, checkout. `shown` is for pages that only show: a
process keeps it, so what the owner changes shows SHOWN_SECONDS later at most. A customer who then presses "pay" is told
that the sum has changed and pays nothing yet (orders.checkout).
"""

import dataclasses
import time
from collections.abc import Mapping

from django.conf import settings
from django.core.cache import caches

from orders import catalogue
from orders.models import ShippingZone, ShopSettings


@dataclasses.dataclass(frozen=True)
class PriceBook:
    """Prices are cents with IVA. `shipping` is by zone, `products` by code. Shared by threads: nobody may change it."""

    shop: ShopSettings
    shipping: Mapping[str, int]
    products: Mapping[str, catalogue.ProductInfo]


_kept: list[tuple[float, PriceBook]] = []  # until when, and which; one or none


def read() -> PriceBook:
    """As it is now: three queries, however many products there are."""
    shipping = dict(ShippingZone.objects.values_list("code", "price_cents"))
    book = PriceBook(ShopSettings.load(), shipping, catalogue.products())
    _kept[:] = [(time.monotonic() + settings.SHOWN_SECONDS, book)]
    return book


def shown() -> PriceBook:
    """As it is now, or was SHOWN_SECONDS ago at most."""
    for until, book in _kept[:]:
        if time.monotonic() < until:
            return book
    return read()


def remembered() -> ShopSettings | None:
    """The settings as this process last read them, however long ago, without asking PostgreSQL; None where it never did."""
    return _kept[0][1].shop if _kept else None


def forget() -> None:
    """The next page reads anew, the parts of pages that name the shop too."""
    _kept.clear()
    caches["template_fragments"].clear()
