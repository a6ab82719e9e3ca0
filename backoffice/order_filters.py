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
        return queryset.filter(todo.condition(kind, ids_once(request)))


def ids_once(request: HttpRequest) -> todo.Ids:
    """Orders with failed tasks and with kept money, looked up once a request."""
    ids: todo.Ids | None = getattr(request, "_todo_ids", None)
    if ids is None:
        ids = todo.Ids(failed=todo.failed_order_ids(), kept=todo.kept_order_ids())
        vars(request)["_todo_ids"] = ids
    return ids
