"""A draft with everything about it worked out: its photos, its prints with quality and price, its totals."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from orders import catalogue, coupons, price_book, pricing, quality, running_total
from orders.coupons import CouponRefused
from orders.drafts import Draft
from orders.models import Order
from orders.photo_json import photo_json
from orders.price_book import PriceBook
from uploads import stash
from uploads.photo import Photo


@dataclasses.dataclass(frozen=True)
class Print:
    """One item, worked out. `row` is as the API sent it: photo, product, finish, quantity, fit, crop."""

    row: Mapping[str, Any]
    photo: Photo
    product: catalogue.ProductInfo
    finish: catalogue.FinishInfo
    dpi: int
    unit_cents: int
    line_cents: int

    @property
    def quality(self) -> quality.Quality:
        return quality.word(self.dpi)


@dataclasses.dataclass(frozen=True)
class Basket:
    draft: Draft
    photos: list[Photo]
    prints: list[Print]
    totals: pricing.Totals
    estimate: pricing.Totals  # the totals; while it is not known where the order goes, with the cheapest post
    book: PriceBook
    coupon_problem: CouponRefused | None = None  # why the draft's code takes nothing off
    off_sale: bool = False  # whether items were left out because their product or finish left the price list

    @property
    def minimum_left(self) -> int:
        """Cents that are lacking for the smallest order; while it is not known where it goes, with the cheapest post."""
        return pricing.lacking_cents(self.estimate, self.book.shop.minimum_order_cents) if self.prints else 0

    @property
    def running_total(self) -> dict[str, str]:
        method = str((self.draft.delivery or {}).get("method", ""))
        return running_total.words(self.estimate, self.book.shop, method, estimated=self.estimate is not self.totals)


def load(draft: Draft, book: PriceBook | None = None, photos: list[Photo] | None = None) -> Basket:
    """Reads the photos and the price book anew where they are not given. Items whose photo is gone or whose product left
    the price list are left out."""
    book = book or price_book.read()
    photos = stash.photos(draft.id) if photos is None else photos
    by_id = {photo.id: photo for photo in photos}
    found = [row for row in draft.items if row["photo"] in by_id]
    rows = [row for row in found if on_sale(row, book.products)]
    method = (draft.delivery or {}).get("method", "")
    zone = (draft.address or {}).get("zone", "")
    totals = pricing.price(rows, zone, method, book=book)
    discount, refusal = _discount(draft, totals)
    if discount:
        totals = pricing.price(rows, zone, method, book=book, discount=discount)
    estimate = totals
    if not zone and method != Order.Method.PICKUP and book.shipping:
        cheapest = min(book.shipping, key=lambda code: book.shipping[code])
        estimate = pricing.price(rows, cheapest, Order.Method.POST, book=book, discount=discount)
    prints = [
        _print(row, by_id[row["photo"]], book.products[row["product"]], line)
        for row, line in zip(rows, totals.lines, strict=True)
    ]
    return Basket(draft, photos, prints, totals, estimate, book, refusal, off_sale=len(rows) < len(found))


def _discount(draft: Draft, totals: pricing.Totals) -> tuple[pricing.Discount | None, CouponRefused | None]:
    """What the draft's code takes off those totals, or why it takes nothing off."""
    if not draft.coupon:
        return None, None
    try:
        coupon = coupons.find(draft.coupon, draft_id=draft.id, email=str((draft.delivery or {}).get("email") or ""))
        coupons.demand_minimum(coupon, totals.items_cents)
    except CouponRefused as refusal:
        return None, refusal
    return coupons.discount(coupon), None


def draft_json(draft: Draft) -> dict[str, object]:
    """The draft as the API shows it: `{id, expires_at, photos, items, delivery, totals}`, and the verdict on the address."""
    return basket_json(load(draft))


def basket_json(basket: Basket) -> dict[str, object]:
    draft = basket.draft
    return {
        "id": draft.id,
        "expires_at": draft.expires_at,
        "photos": [photo_json(photo) for photo in basket.photos],
        "items": [_item_json(item) for item in basket.prints],
        "delivery": draft.delivery,
        "address": draft.address,
        "totals": basket.totals.as_json(),
        "running_total": basket.running_total,
        "coupon": _coupon_json(basket),
    }


def _coupon_json(basket: Basket) -> dict[str, object] | None:
    if not basket.draft.coupon:
        return None
    refusal = basket.coupon_problem
    problem = {"code": refusal.code, "detail": str(refusal.detail)} if refusal else None
    return {"code": basket.draft.coupon, "problem": problem}


def on_sale(row: Mapping[str, Any], products: Mapping[str, catalogue.ProductInfo]) -> bool:
    """Whether the item's product, in its finish, can be bought now."""
    return row["product"] in products and row["finish"] in products[row["product"]].finish_codes


def _print(row: Mapping[str, Any], photo: Photo, product: catalogue.ProductInfo, line: pricing.Line) -> Print:
    return Print(
        row=row,
        photo=photo,
        product=product,
        finish=product.finish(row["finish"]),
        dpi=quality.dpi(photo, product, row["fit"], row["crop"]),
        unit_cents=line.unit_cents,
        line_cents=line.line_cents,
    )


def _item_json(item: Print) -> dict[str, object]:
    return {
        **item.row,
        "unit_cents": item.unit_cents,
        "line_cents": item.line_cents,
        "dpi": item.dpi,
        "quality": item.quality,
    }
