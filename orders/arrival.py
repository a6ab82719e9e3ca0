"""When an order arrives: working days, without weekends and Portuguese national holidays; and hints about sums."""

import datetime
import functools

from django.utils import timezone
from holidays.countries.portugal import Portugal

from orders.models import Order, ShopSettings

BEFORE_SHIPPING = (Order.State.PAID, Order.State.NEEDS_PHOTOS, Order.State.IN_PRODUCTION, Order.State.READY)

Window = tuple[datetime.date, datetime.date]


def window(shop: ShopSettings, start: datetime.date) -> Window:
    """First and last day on which an order paid on `start` is expected; the studio's regional holidays do not count."""
    least, most = sorted((shop.delivery_days_min, shop.delivery_days_max))
    return working_day(start, least), working_day(start, most)


def of_order(order: Order, shop: ShopSettings) -> Window | None:
    """For a paid order that is posted and has not left yet; the carrier's tracking says more afterwards."""
    if order.paid_at is None or order.method != Order.Method.POST or order.state not in BEFORE_SHIPPING:
        return None
    return window(shop, timezone.localdate(order.paid_at))


def working_day(start: datetime.date, days: int) -> datetime.date:
    """The `days`-th working day after `start`; `start` itself for 0."""
    day = start
    while days > 0:
        day += datetime.timedelta(days=1)
        if day.weekday() < 5 and day not in _holidays(day.year):
            days -= 1
    return day


@functools.lru_cache(maxsize=8)
def _holidays(year: int) -> frozenset[datetime.date]:
    return frozenset(Portugal(years=year))
