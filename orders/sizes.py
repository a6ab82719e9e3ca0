"""The sizes on sale as the first page shows them: drawn to scale, with the first and the lowest price of each."""

import dataclasses
import json
from collections.abc import Iterable

from django.utils.translation import gettext as _

from orders.catalogue import ProductInfo
from orders.templatetags.money import euros


@dataclasses.dataclass(frozen=True)
class Size:
    """A product with prices in cents, and where its rectangle lies in a drawing of `Scale` (millimetres)."""

    code: str
    name: str
    width_mm: int
    height_mm: int
    from_cents: int
    lowest_cents: int
    x: str
    y: str


@dataclasses.dataclass(frozen=True)
class Scale:
    width: int
    height: int


def sizes(products: Iterable[ProductInfo]) -> tuple[list[Size], Scale]:
    """Every size, and the drawing that the largest of them needs; each stands upright at the middle of its foot."""
    found = list(products)
    scale = Scale(max((p.width_mm for p in found), default=1), max((p.height_mm for p in found), default=1))
    return [_size(product, scale) for product in found], scale


def products_json(products: Iterable[ProductInfo]) -> str:
    """What the script needs to draw and offer: sizes in millimetres, finishes, and what more prints cost in words."""
    return json.dumps(
        [
            {
                "code": product.code,
                "name": product.name,
                "width_mm": product.width_mm,
                "height_mm": product.height_mm,
                "border_mm": product.border_mm,
                "finishes": [finish.code for finish in product.finishes],
                "tiers_text": tiers_text(product),
            }
            for product in products
        ]
    )


def tiers_text(product: ProductInfo) -> str:
    """The prices of more prints: "from 50: €0.29 · 100: €0.25"; empty where there is one price."""
    more = [f"{start}: {euros(cents)}" for start, cents in product.tiers_for() if start > 1]
    return _("from %(prices)s") % {"prices": " · ".join(more)} if more else ""


def _size(product: ProductInfo, scale: Scale) -> Size:
    prices = [cents for _start, cents in product.tiers_for()]
    return Size(
        code=product.code,
        name=product.name,
        width_mm=product.width_mm,
        height_mm=product.height_mm,
        from_cents=prices[0],
        lowest_cents=min(prices),
        x=f"{(scale.width - product.width_mm) / 2:g}",
        y=str(scale.height - product.height_mm),
    )
