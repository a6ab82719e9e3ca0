"""Which stretch of time is compared: a calendar day of the studio."""

import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.utils import timezone

T = TypeVar("T")
PAGE = 100


@dataclasses.dataclass(frozen=True)
class Day:
    """A day in the shop's time zone, from `start` up to but without `end`."""

    date: datetime.date

    @property
    def start(self) -> datetime.datetime:
        return _midnight(self.date)

    @property
    def end(self) -> datetime.datetime:
        return _midnight(self.date + datetime.timedelta(days=1))

    @property
    def span(self) -> dict[str, int]:
        """As Stripe's listings take it."""
        return {"gte": int(self.start.timestamp()), "lt": int(self.end.timestamp())}


def yesterday() -> Day:
    return Day(timezone.localdate() - datetime.timedelta(days=1))


def in_pages(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists of up to PAGE: what is held in memory at a time."""
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page


def _midnight(date: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(date, datetime.time.min))
