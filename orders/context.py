"""What every page's template knows of the shop."""

from django.conf import settings
from django.http import HttpRequest

from orders import price_book
from orders.models import ShopSettings


def shop(request: HttpRequest) -> dict[str, object]:
    return {"shop": shop_of(request), "demo": settings.DEMO, "shown_seconds": settings.SHOWN_SECONDS}


def shop_of(request: HttpRequest) -> ShopSettings:
    """The shop settings, read once a request, however many templates ask."""
    kept: ShopSettings | None = getattr(request, "_shop_settings", None)
    if kept is None:
        kept = price_book.shown().shop
        vars(request)["_shop_settings"] = kept
    return kept
