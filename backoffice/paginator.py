"""Pages of long lists without counting them."""

from typing import Any

from django.utils.functional import cached_property
from unfold.paginator import InfinitePage, InfinitePaginator

CAP = 2000


class CappedPaginator(InfinitePaginator):
    """Counts rows up to CAP and shows page numbers for them; longer lists get "previous" and "next" alone."""

    @cached_property
    def count(self) -> int:
        counted = self.object_list.order_by()[: CAP + 1].count()
        return 9_999_999_999 if counted > CAP else counted

    @property
    def template_name(self) -> str:
        long = self.count > CAP
        return "unfold/helpers/pagination_infinite.html" if long else "unfold/helpers/pagination_default.html"

    def _get_page(self, *args: Any, **kwargs: Any) -> Any:
        return (
            InfinitePage(*args, **kwargs)
            if self.count > CAP
            else super(InfinitePaginator, self)._get_page(*args, **kwargs)
        )
