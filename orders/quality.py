"""How sharp a print will be: dots per inch after the crop, and the word for it (U6)."""

import math
from typing import Literal

from orders.cropping import MM_PER_INCH, Crop, Paper, Pixels, border_box, crop_box, lying

GOOD_DPI = 200
FAIR_DPI = 120

Quality = Literal["good", "fair", "poor"]


def dpi(photo: Pixels, product: Paper, fit: str, crop: Crop | None = None) -> int:
    """Pixels an inch of the print, rounded down: of the cropped part (fit "crop"), or of the whole photo inside the border."""
    width, height = lying(photo.width, photo.height, crop)
    if fit == "border":
        placed = border_box(width, height, product.width_mm, product.height_mm, product.border_mm)
        return _dpi(width, placed.width)
    cut = crop_box(width, height, product.width_mm, product.height_mm, crop)
    long_mm = max(product.width_mm, product.height_mm)
    return _dpi(max(cut.width, cut.height), long_mm)


def word(value: int) -> Quality:
    """U6: good from 200 dpi, fair from 120, poor below."""
    if value >= GOOD_DPI:
        return "good"
    return "fair" if value >= FAIR_DPI else "poor"


def pixels_for(product: Paper, at_dpi: int) -> list[int]:
    """The least width and height in pixels that give the print this many dots per inch."""
    return [math.ceil(side * at_dpi / MM_PER_INCH) for side in (product.width_mm, product.height_mm)]


def _dpi(pixels: float, millimetres: float) -> int:
    return math.floor(pixels / millimetres * MM_PER_INCH + 1e-9)
