"""What the first page shows: a card for each photo with its rows of prints, and the rows that its form sends back."""

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from orders import cropping, pictures, sizes
from orders.advice import WORDS, advice
from orders.basket import Basket, Print, on_sale
from orders.catalogue import FinishInfo, ProductInfo
from orders.cropping import Crop
from orders.drafts import Draft
from orders.photo_json import photo_json
from orders.problems import Errors
from uploads.photo import Photo

FIELDS = ("photo", "product", "finish", "quantity", "fit", "crop")


@dataclasses.dataclass
class Row:
    """One size of one photo, as its fields show it. `suffix` makes the names of its fields unique."""

    suffix: str
    product: str
    finish: str
    quantity: object = 1
    fit: str = "crop"
    crop_json: str = ""
    saved: bool = False
    only: bool = True
    sheet: pictures.Sheet = pictures.BLANK_SHEET
    quality: str = ""
    quality_text: str = ""
    dpi: int = 0
    unit_cents: int = 0
    line_cents: int = 0
    tiers: str = ""
    advice: str = ""
    errors: Errors = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class CardPhoto:
    id: str
    state: str
    filename: str
    width: int
    height: int
    bytes: int
    sha256: str
    preview: str
    position: int = 0


@dataclasses.dataclass(frozen=True)
class Card:
    photo: CardPhoto
    rows: list[Row]
    label: str = ""
    problem: str = ""


def with_first_rows(draft: Draft, photos: Sequence[Photo], products: Mapping[str, ProductInfo]) -> Draft:
    """The draft and a first row, not saved, of the first size for each photo without prints that are on sale: what the
    page offers, priced."""
    chosen = {item["photo"] for item in draft.items if on_sale(item, products)}
    first = first_row("", products)
    row = {"product": first.product, "finish": first.finish, "quantity": 1, "fit": "crop", "crop": None}
    new = [photo for photo in photos if photo.id not in chosen and photo.state != "broken" and photo.width]
    return dataclasses.replace(draft, items=[*draft.items, *({"photo": photo.id, **row} for photo in new)])


def cards(
    basket: Basket, products: Mapping[str, ProductInfo], saved: Sequence[Mapping[str, Any]] | None = None
) -> list[Card]:
    """A card for each photo; the rows of photos that are not in `saved` (None: all are) are yet to be saved. A photo
    without prints gets a first row of the first size."""
    known = {item["photo"] for item in (basket.draft.items if saved is None else saved) if on_sale(item, products)}
    prints: dict[str, list[Print]] = {}
    for item in basket.prints:
        prints.setdefault(item.photo.id, []).append(item)
    result, number = [], 0
    for photo in basket.photos:
        rows = [_row(str(number + at), item, products) for at, item in enumerate(prints.get(photo.id, []))]
        for row in rows:
            row.saved = photo.id in known
        rows = rows or [drawn(first_row(str(number), products), photo, products)]
        number += len(rows)
        result.append(card(photo, rows))
    return result


def typed_cards(
    photos: Sequence[Photo],
    sent: Sequence[Mapping[str, Any]],
    errors: Sequence[Errors],
    products: Mapping[str, ProductInfo],
) -> list[Card]:
    """The cards as the customer left them, with what is wrong beside each row: nothing typed is lost."""
    by_photo: dict[str, list[Row]] = {}
    for at, item in enumerate(sent):
        row = Row(str(at), item["product"], item["finish"], item["quantity"], item["fit"], _crop_text(item["crop"]))
        row.errors = errors[at] if at < len(errors) else {}
        by_photo.setdefault(item["photo"], []).append(row)
    return [
        card(
            photo,
            [drawn(row, photo, products) for row in by_photo.get(photo.id, [])] or [first_row(f"x{at}", products)],
        )
        for at, photo in enumerate(photos)
    ]


def card(photo: Photo, rows: list[Row]) -> Card:
    shown = photo_json(photo)
    problem = shown["problem"]
    for row in rows:
        row.only = len(rows) == 1
    # Not before it is there: a picture that is asked for too early stays empty, and one of a broken photo never comes.
    preview = reverse("api:photo-preview", args=["current", photo.id]) if photo.state == "ready" else ""
    return Card(
        CardPhoto(
            photo.id,
            photo.state,
            photo.filename,
            photo.width,
            photo.height,
            photo.bytes,
            photo.sha256,
            preview,
            photo.position,
        ),
        rows,
        label=_("Preview of %(name)s") % {"name": photo.filename},
        problem=str(problem["detail"]) if isinstance(problem, dict) else "",
    )


def blank_card(products: Mapping[str, ProductInfo]) -> Card:
    """What the script copies for a photo that has just been uploaded."""
    return Card(CardPhoto("", "checking", "", 0, 0, 0, "", ""), [first_row("new", products)])


def first_row(suffix: str, products: Mapping[str, ProductInfo]) -> Row:
    product = next(iter(products.values()), None)
    if product is None:
        return Row(suffix, "", "")
    return Row(suffix, product.code, product.finishes[0].code, tiers=sizes.tiers_text(product))


def drawn(row: Row, photo: Photo, products: Mapping[str, ProductInfo]) -> Row:
    product = products.get(row.product)
    row.tiers = sizes.tiers_text(product) if product else ""
    if product and photo.width and photo.height:
        row.sheet = pictures.sheet(photo, product, row.fit, json.loads(row.crop_json) if row.crop_json else None)
    return row


def _row(suffix: str, item: Print, products: Mapping[str, ProductInfo]) -> Row:
    row = item.row
    sheet = pictures.sheet(item.photo, item.product, row["fit"], row["crop"])
    return Row(
        suffix=suffix,
        product=item.product.code,
        finish=item.finish.code,
        quantity=row["quantity"],
        fit=row["fit"],
        crop_json=_crop_text(row["crop"]),
        sheet=sheet,
        quality=item.quality,
        quality_text=str(WORDS[item.quality]),
        dpi=item.dpi,
        unit_cents=item.unit_cents,
        line_cents=item.line_cents,
        tiers=sizes.tiers_text(item.product),
        advice=advice(item.photo, item.product, row["fit"], row["crop"], sheet.lost, products.values()),
    )


def sent_rows(data: QueryDict) -> list[dict[str, Any]]:
    """The rows of the form as `orders.drafts.set_items` takes them, each with its `suffix`; whatever was typed is kept."""
    return [sent_row(data, name.removeprefix("photo-")) for name in data if name.startswith("photo-")]


def sent_row(data: QueryDict, suffix: str) -> dict[str, Any]:
    row: dict[str, Any] = {name: data.get(f"{name}-{suffix}", "") for name in FIELDS}
    row["quantity"] = int(row["quantity"]) if re.fullmatch(r"\d{1,6}", row["quantity"], re.ASCII) else row["quantity"]
    row["fit"] = row["fit"] if row["fit"] == "border" else "crop"
    row["crop"] = _crop(row["crop"])
    return row | {"suffix": suffix}


def with_another(rows: list[dict[str, Any]], photo_id: str, codes: Sequence[str]) -> list[dict[str, Any]]:
    """The rows and one more of the photo, in the first size that it has not yet."""
    own = [row for row in rows if row["photo"] == photo_id]
    if not own or not codes:
        return rows
    used = {row["product"] for row in own}
    code = next((code for code in codes if code not in used), own[-1]["product"])
    at = rows.index(own[-1]) + 1
    new = {"product": code, "quantity": 1, "crop": cropping.turned_only(own[-1]["crop"]), "suffix": "another"}
    return [*rows[:at], own[-1] | new, *rows[at:]]


def all_alike(rows: list[dict[str, Any]], data: QueryDict) -> list[dict[str, Any]]:
    """Each photo's first row with what the form says for all of them; what was left empty there, the cut, and further
    sizes of a photo stay as they are."""
    wanted = sent_row(data, "all")
    change = {name: wanted[name] for name in ("product", "finish", "quantity", "fit") if data.get(f"{name}-all")}
    seen: set[str] = set()
    result = []
    for row in rows:
        first = row["photo"] not in seen
        seen.add(row["photo"])
        result.append(row | change if first else row)
    return result


def _crop(text: str) -> Crop | None:
    """The crop that was sent, None where it is none: broken, nested too deeply, larger than any number (S5)."""
    try:
        sent = json.loads(text) if text else None
        if not sent:
            return None
        x, y, width, height = (float(sent[side]) for side in ("x", "y", "width", "height"))
        turn = cropping.TURNS[cropping.TURNS.index(sent.get("turn", 0))]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    if not all(map(math.isfinite, (x, y, width, height))):
        return None
    crop: Crop = {"x": x, "y": y, "width": width, "height": height}
    return crop | {"turn": turn} if turn else crop


def _crop_text(crop: Crop | None) -> str:
    return json.dumps(crop) if crop else ""


def finishes(products: Mapping[str, ProductInfo]) -> list[FinishInfo]:
    """Every finish that some product comes in, in the order of the products."""
    return list({finish.code: finish for product in products.values() for finish in product.finishes}.values())
