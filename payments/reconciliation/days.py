"""Which stretch of time is compared: a calendar day of the studio."""

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from itertools import islice
from typing import TypeVar

from django.utils import timezone

T = TypeVar("T")
PAGE = 100
so_far: ContextVar[Callable[[int], None]] = ContextVar("so_far", default=lambda count: None)


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
    """The items in lists of up to PAGE: what is held in memory at a time. Who runs the step hears after each full one how
    many are done."""
    rest, done = iter(items), 0
    while page := list(islice(rest, PAGE)):
        yield page
        done += len(page)
        if len(page) == PAGE:
            so_far.get()(done)


def _midnight(date: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(date, datetime.time.min))
