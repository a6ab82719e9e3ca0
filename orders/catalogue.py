"""What is on sale, read in a constant number of queries, and the price list that a new shop starts with."""

import dataclasses
import json

from django.db import connection
from django.utils import translation

from orders import price_list


@dataclasses.dataclass(frozen=True)
class FinishInfo:
    code: str
    name_pt: str
    name_en: str

    @property
    def name(self) -> str:
        return self.name_en if (translation.get_language() or "").startswith("en") else self.name_pt


@dataclasses.dataclass(frozen=True)
class ProductInfo:
    """A product with its finishes and prices. `tiers` is by price group, "" for the public: (from, cents with IVA), rising."""

    code: str
    name_pt: str
    name_en: str
    width_mm: int
    height_mm: int
    border_mm: int
    finishes: tuple[FinishInfo, ...]
    tiers: dict[str, tuple[tuple[int, int], ...]]

    @property
    def name(self) -> str:
        return self.name_en if (translation.get_language() or "").startswith("en") else self.name_pt

    @property
    def finish_codes(self) -> set[str]:
        return {finish.code for finish in self.finishes}

    def finish(self, code: str) -> FinishInfo:
        return next(finish for finish in self.finishes if finish.code == code)

    def tiers_for(self, price_group: str = "") -> tuple[tuple[int, int], ...]:
        """The group's own prices, else the public ones."""
        return self.tiers.get(price_group) or self.tiers.get("", ())


_ON_SALE = """
select p.code, p.name_pt, p.name_en, p.width_mm, p.height_mm, p.border_mm,
  (select json_agg(json_build_array(f.code, f.name_pt, f.name_en) order by f.position, f.code)::text
     from orders_product_finishes pf join orders_finish f on f.id = pf.finish_id where pf.product_id = p.id),
  (select json_agg(json_build_array(t.price_group, t.from_quantity, t.unit_cents) order by t.from_quantity)::text
     from orders_pricetier t where t.product_id = p.id)
from orders_product p where p.active order by p.position, p.code
"""  # in SQL because every page needs it: the same through querysets took three queries and ten times as long


def products() -> dict[str, ProductInfo]:
    """Everything that can be bought now, by code, in the shop's order: one query, however many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_ON_SALE)
        infos = [_info(*row) for row in cursor.fetchall()]
    return {info.code: info for info in infos if info.finishes and info.tiers.get("")}


def _info(
    code: str, name_pt: str, name_en: str, width_mm: int, height_mm: int, border_mm: int, finishes: str, prices: str
) -> ProductInfo:
    tiers: dict[str, list[tuple[int, int]]] = {}
    for group, start, cents in json.loads(prices or "[]"):
        tiers.setdefault(group, []).append((start, cents))
    return ProductInfo(
        code=code,
        name_pt=name_pt,
        name_en=name_en,
        width_mm=width_mm,
        height_mm=height_mm,
        border_mm=border_mm,
        finishes=tuple(FinishInfo(*finish) for finish in json.loads(finishes or "[]")),
        tiers={group: tuple(rows) for group, rows in tiers.items()},
    )


def install_default_catalogue() -> None:
    """The price list, shipping prices and legal texts of a new shop; adds only what is missing."""
    price_list.install()
