"""What an order costs. Integer cents with IVA; the browser's figures are never asked for (C1)."""

import dataclasses
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from orders import catalogue, price_book
from orders.models import Order
from orders.price_book import PriceBook

CURRENCY = "EUR"
LEAST_CENTS = 50  # Stripe charges no smaller sum in euros


@dataclasses.dataclass(frozen=True)
class Line:
    unit_cents: int
    line_cents: int


@dataclasses.dataclass(frozen=True)
class Totals:
    """An order's sums in cents. `lines` are in the order of the items; `iva_percent` is the rate within the total."""

    items_cents: int
    shipping_cents: int
    discount_cents: int
    total_cents: int
    tax_cents: int
    currency: str
    prints: int
    lines: tuple[Line, ...]
    iva_percent: Decimal

    def as_json(self) -> dict[str, object]:
        names = ("items_cents", "shipping_cents", "discount_cents", "total_cents", "tax_cents", "currency", "prints")
        return {name: getattr(self, name) for name in names}


@dataclasses.dataclass(frozen=True)
class Shipping:
    """What posting costs: cents by zone, and the sum of prints in cents from which it is free (None: never)."""

    zones: Mapping[str, int]
    free_from_cents: int | None

    def cents(self, items_cents: int, zone: str, method: str) -> int:
        """A5: by zone; pickup, an empty order and one above the threshold cost nothing, nor does a zone not known yet."""
        if method != Order.Method.POST or not zone or items_cents == 0:
            return 0
        if self.free_from_cents is not None and items_cents >= self.free_from_cents:
            return 0
        return self.zones[zone]


@dataclasses.dataclass(frozen=True)
class Discount:
    """What a coupon takes off. `kind` is one of Coupon.Kind."""

    code: str
    kind: str
    percent: int = 0
    amount_cents: int = 0

    def cents(self, items_cents: int, shipping_cents: int) -> int:
        """Off the prints, or off the shipping; percentages rounded half up. At least LEAST_CENTS remain to be paid."""
        if self.kind == "percent":
            wanted = (items_cents * self.percent + 50) // 100
        elif self.kind == "amount":
            wanted = min(self.amount_cents, items_cents)
        else:
            wanted = shipping_cents
        return max(0, min(wanted, items_cents + shipping_cents - LEAST_CENTS))


def price(
    items: Iterable[Mapping[str, Any]],
    zone: str,
    method: str,
    price_group: str = "",
    *,
    book: PriceBook | None = None,
    discount: Discount | None = None,
) -> Totals:
    """The totals of items `{product, quantity, …}` sent to `zone` ("" while unknown) by `method`; reads the price list."""
    book = book or price_book.read()
    shipping = Shipping(book.shipping, book.shop.free_shipping_from_cents)
    return compute(list(items), book.products, shipping, zone, method, book.shop.iva_percent, price_group, discount)


def compute(
    items: list[Mapping[str, Any]],
    products: Mapping[str, catalogue.ProductInfo],
    shipping: Shipping,
    zone: str,
    method: str,
    iva_percent: Decimal,
    price_group: str = "",
    discount: Discount | None = None,
) -> Totals:
    """The pure computation: tiers count the prints of one product over the whole order; IVA once, on the total, that is
    after the discount. Whether shipping is free is decided before it."""
    counts: dict[str, int] = {}
    for item in items:
        counts[item["product"]] = counts.get(item["product"], 0) + item["quantity"]
    units = {code: unit_cents(products[code].tiers_for(price_group), count) for code, count in counts.items()}
    lines = tuple(Line(units[item["product"]], units[item["product"]] * item["quantity"]) for item in items)
    items_cents = sum(line.line_cents for line in lines)
    shipping_cents = shipping.cents(items_cents, zone, method)
    discount_cents = discount.cents(items_cents, shipping_cents) if discount else 0
    total_cents = items_cents + shipping_cents - discount_cents
    return Totals(
        items_cents=items_cents,
        shipping_cents=shipping_cents,
        discount_cents=discount_cents,
        total_cents=total_cents,
        tax_cents=tax_within(total_cents, iva_percent),
        currency=CURRENCY,
        prints=sum(counts.values()),
        lines=lines,
        iva_percent=iva_percent,
    )


def unit_cents(tiers: Iterable[tuple[int, int]], count: int) -> int:
    """The price of one print when `count` are ordered: the last tier that begins at or below it, else the first."""
    rows = list(tiers)
    reached = [cents for start, cents in rows if start <= count]
    return reached[-1] if reached else rows[0][1]


def lacking_cents(totals: Totals, minimum_cents: int) -> int:
    """How much more an order must cost before it can be paid for, in cents: the shop's minimum is measured by the prints,
    Stripe's least by what is paid. 0 where nothing is lacking."""
    return max(0, minimum_cents - totals.items_cents, LEAST_CENTS - totals.total_cents)


def tax_within(total_cents: int, percent: Decimal) -> int:
    """The IVA contained in a total, in cents, rounded half up. `percent` has at most two decimals."""
    rate = int(percent * 100)
    divisor = 10_000 + rate
    return (2 * total_cents * rate + divisor) // (2 * divisor)
