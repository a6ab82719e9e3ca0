"""Filters of the order list that are no plain field."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from backoffice import todo
from orders.models import Order


class TodoFilter(SimpleListFilter):
    """What to do next."""

    title = _("what to do next")
    parameter_name = "todo"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, StrPromise | str]]:
        return [(kind.value, todo.LOOKS[kind].title) for kind in todo.Todo]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        try:
            kind = todo.Todo(self.value() or "")
        except ValueError:
            return queryset
        return queryset.filter(todo.condition(kind, failed_once(request)))


def failed_once(request: HttpRequest) -> list[int]:
    """Orders with failed tasks, looked up once a request."""
    kept: list[int] | None = getattr(request, "_failed_order_ids", None)
    if kept is None:
        kept = todo.failed_order_ids()
        request._failed_order_ids = kept  # type: ignore[attr-defined]
    return kept
