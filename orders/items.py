"""The prints a customer chooses: rows as the API and the forms send them, checked as a whole (U0)."""

import math
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orders import catalogue, cropping
from orders.problems import FieldError, Invalid
from uploads.photo import Photo

MAX_ROWS = 2000  # DATA_UPLOAD_MAX_NUMBER_FIELDS lets the form send as many
MIN_CROP = 0.01  # of the photo's side
PROBLEMS = {
    "not_a_list": _("Please send a list of prints."),
    "too_many": _("At most {limit} different prints fit in one order."),
    "invalid_row": _("Please send each print as an object with photo, product, finish and quantity."),
    "unknown_photo": _("This photo is no longer part of the order."),
    "broken_photo": _("This photo cannot be read, so it cannot be printed. Please remove it or upload it again."),
    "unknown_product": _("This size is not on sale."),
    "unknown_finish": _("This size does not come in that finish."),
    "invalid_quantity": _("Please choose a number of prints from 1 to {limit}."),
    "invalid_fit": _("Please choose “crop” or “border”."),
    "invalid_crop": _("The crop must lie inside the photo."),
    "invalid_turn": _("A photo can be turned by 0, 90, 180 or 270 degrees."),
}

Row = dict[str, Any]
RowErrors = dict[str, list[FieldError]]


def clean(rows: object, photos: Iterable[Photo]) -> list[Row]:
    """The rows, checked and with their crops narrowed to the paper's sides; raises Invalid with the errors of each row."""
    if not isinstance(rows, list):
        raise Invalid({"non_field_errors": [_error("not_a_list")]})
    if len(rows) > MAX_ROWS:
        raise Invalid({"non_field_errors": [_error("too_many", MAX_ROWS)]})
    by_id = {photo.id: photo for photo in photos}
    products = catalogue.products()
    cleaned = [_row(row, by_id, products) for row in rows]
    if any(errors for _unused, errors in cleaned):
        raise Invalid([errors for _unused, errors in cleaned])
    return [row for row, _unused in cleaned]


def _row(row: object, photos: dict[str, Photo], products: dict[str, catalogue.ProductInfo]) -> tuple[Row, RowErrors]:
    if not isinstance(row, dict):
        return {}, {"non_field_errors": [_error("invalid_row")]}
    errors: RowErrors = {}
    photo = photos.get(_text(row.get("photo")))
    product = products.get(_text(row.get("product")))
    quantity, fit = row.get("quantity"), row.get("fit", "crop")
    if photo is None:
        errors["photo"] = [_error("unknown_photo")]
    elif photo.state == "broken":
        errors["photo"] = [_error("broken_photo")]
    if product is None:
        errors["product"] = [_error("unknown_product")]
    elif _text(row.get("finish")) not in product.finish_codes:
        errors["finish"] = [_error("unknown_finish")]
    if type(quantity) is not int or not 1 <= quantity <= settings.ITEM_MAX_QUANTITY:
        errors["quantity"] = [_error("invalid_quantity", settings.ITEM_MAX_QUANTITY)]
    if fit not in ("crop", "border"):
        errors["fit"] = [_error("invalid_fit")]
    turn = _turn(row.get("crop"), errors)
    crop = _crop(row.get("crop"), turn, errors) if fit == "crop" else None
    if errors or photo is None or product is None:
        return {}, errors
    return {
        "photo": photo.id,
        "product": product.code,
        "finish": row["finish"],
        "quantity": quantity,
        "fit": fit,
        "crop": _narrowed(crop, photo, product) if crop else cropping.turned_only(_turned(turn)),
    }, {}


def _turn(value: object, errors: RowErrors) -> int:
    """Clockwise, in degrees; also of a photo with a white border, whose crop says nothing else."""
    turn = value.get("turn", 0) if isinstance(value, dict) else 0
    if type(turn) is int and turn in cropping.TURNS:
        return turn
    errors["crop"] = [_error("invalid_turn")]
    return 0


def _crop(value: object, turn: int, errors: RowErrors) -> cropping.Crop | None:
    if value is None:
        return None
    sides: list[Any] = [value.get(name) for name in ("x", "y", "width", "height")] if isinstance(value, dict) else []
    numbers = [float(side) for side in sides if type(side) in (int, float) and abs(side) <= 2]
    if len(numbers) == 4 and all(map(math.isfinite, numbers)):
        x, y, width, height = numbers
        slack = 1e-6
        if (
            min(x, y) >= -slack
            and min(width, height) >= MIN_CROP
            and x + width <= 1 + slack
            and y + height <= 1 + slack
        ):
            return _turned(turn, max(x, 0.0), max(y, 0.0), min(width, 1.0), min(height, 1.0))
    errors["crop"] = [_error("invalid_crop")]
    return None


def _turned(turn: int, x: float = 0.0, y: float = 0.0, width: float = 1.0, height: float = 1.0) -> cropping.Crop:
    """A crop, of the whole photo where none is given; drafts and API name a turn only where there is one."""
    crop: cropping.Crop = {"x": x, "y": y, "width": width, "height": height}
    if turn:
        crop["turn"] = turn
    return crop


def _narrowed(crop: cropping.Crop, photo: Photo, product: catalogue.ProductInfo) -> cropping.Crop:
    if not cropping.cuts(crop):
        return crop
    width, height = cropping.lying(photo.width, photo.height, crop)
    box = cropping.crop_box(width, height, product.width_mm, product.height_mm, crop)
    cut = cropping.fractions(box, width, height)
    return _turned(cropping.turn_of(crop), cut["x"], cut["y"], cut["width"], cut["height"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _error(code: str, limit: int = 0) -> FieldError:
    return FieldError(code, str(PROBLEMS[code]).format(limit=limit))
