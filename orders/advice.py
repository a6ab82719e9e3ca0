"""What a customer is told about a print's sharpness: why, and the largest size that is still sharp (U6). js/prints.js says the same."""

import math
from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import cropping, quality
from orders.catalogue import ProductInfo
from orders.cropping import Crop, Pixels

MUCH = 0.15  # of a photo cut off is worth a word
WORDS = {"good": gettext_lazy("Sharp"), "fair": gettext_lazy("Acceptable"), "poor": gettext_lazy("Too few pixels")}
SENTENCES = {
    "good": gettext_lazy("Much is cut off here. With a white border the whole photo is printed."),
    "fair": gettext_lazy("Fine from a little distance."),
    "poor": gettext_lazy("This will look blurred at this size."),
    "why": gettext_lazy("%(pixels)s pixels are printed; a sharp print has %(needed)s."),
    "largest": gettext_lazy("Sharp up to %(size)s."),
    "none": gettext_lazy("For a sharp print choose a larger photo."),
}


def advice(
    photo: Pixels,
    product: ProductInfo,
    fit: str,
    crop: Crop | None,
    lost: float,
    on_sale: Iterable[ProductInfo],
) -> str:
    """Empty for a sharp print of (nearly) the whole photo, or of a cut that the customer chose. `lost`: the part cut off, 0 to 1."""
    found = quality.dpi(photo, product, fit, crop)
    word = quality.word(found)
    if word == "good":
        return str(SENTENCES["good"]) if lost > MUCH and not cropping.cuts(crop) else ""
    width, height = _printed(photo, product, fit, crop)
    needed = [math.ceil(side * quality.GOOD_DPI / max(found, 1)) for side in (width, height)]
    why = _("%(pixels)s pixels are printed; a sharp print has %(needed)s.") % {
        "pixels": f"{width} × {height}",
        "needed": f"{needed[0]} × {needed[1]}",
    }
    best = largest_good(photo, fit, crop, on_sale)
    size = _("Sharp up to %(size)s.") % {"size": best.name} if best else str(SENTENCES["none"])
    return f"{SENTENCES[word]} {why} {size}"


def largest_good(photo: Pixels, fit: str, crop: Crop | None, on_sale: Iterable[ProductInfo]) -> ProductInfo | None:
    """The largest size in which this part of the photo is still sharp."""
    good = [p for p in on_sale if quality.dpi(photo, p, fit, crop) >= quality.GOOD_DPI]
    return max(good, key=lambda p: p.width_mm * p.height_mm, default=None)


def _printed(photo: Pixels, product: ProductInfo, fit: str, crop: Crop | None) -> tuple[int, int]:
    """The pixels, across and down, of what is on the print."""
    across, down = cropping.lying(photo.width, photo.height, crop)
    if fit == "border":
        return across, down
    box = cropping.crop_box(across, down, product.width_mm, product.height_mm, crop)
    return math.floor(box.width + 0.5), math.floor(box.height + 0.5)
