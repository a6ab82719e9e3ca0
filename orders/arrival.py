"""When an order arrives: working days, without weekends and Portuguese national holidays; and hints about sums."""

import datetime
import functools

from django.utils import timezone
from holidays.countries.portugal import Portugal

from orders.models import Order, ShopSettings

State = Order.State
ON_ITS_WAY = (State.PAID, State.IN_PRODUCTION, State.READY, State.SHIPPED)
NOT_READY = (State.PAID, State.IN_PRODUCTION)

Window = tuple[datetime.date, datetime.date]


def window(shop: ShopSettings, start: datetime.date) -> Window:
    """First and last day on which an order paid on `start` is expected; the studio's regional holidays do not count."""
    least, most = sorted((shop.delivery_days_min, shop.delivery_days_max))
    return working_day(start, least), working_day(start, most)


def of_order(order: Order, shop: ShopSettings) -> Window | None:
    """For a paid order that is posted, until it has arrived or its last day is over; None while the shop waits for photos."""
    began = _began(order)
    if began is None or order.method != Order.Method.POST or order.state not in ON_ITS_WAY:
        return None
    expected = window(shop, began)
    return expected if expected[1] >= timezone.localdate() else None


def ready_by(order: Order, shop: ShopSettings) -> datetime.date | None:
    """The last day by which an order is ready to be picked up, until it is over: no carrier needs more days than a parcel has."""
    began = _began(order)
    if began is None or order.method != Order.Method.PICKUP or order.state not in NOT_READY:
        return None
    last = window(shop, began)[1]
    return last if last >= timezone.localdate() else None


def _began(order: Order) -> datetime.date | None:
    """From when the days count: the payment, or the last photo that had to be sent again."""
    if order.paid_at is None:
        return None
    complete = [event.at for event in order.events.all() if event.kind == "photos_restored"]
    return timezone.localdate(max([order.paid_at, *complete]))


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
