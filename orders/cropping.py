"""Geometry of prints: what of a photo lands where on the paper. Pure functions, shared by preview, quality and print file.

Photos are measured upright, in pixels; paper in millimetres. A customer may turn a photo that lies on its side: then all
that follows, crop, paper and border, is of the photo as turned (`lying`). Boxes are in fractions of a pixel, so that a print file cut
from them (Pillow's `resize(box=…)`) shows exactly what the preview showed (U8).
"""

import dataclasses
from typing import NotRequired, Protocol, TypedDict

MM_PER_INCH = 25.4
TURNS = (0, 90, 180, 270)


class Pixels(Protocol):
    """A photo's upright size in pixels."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class Paper(Protocol):
    """A product's size in millimetres."""

    @property
    def width_mm(self) -> int: ...
    @property
    def height_mm(self) -> int: ...
    @property
    def border_mm(self) -> int: ...


class Crop(TypedDict):
    """A part of the photo, in fractions of its width and height as they are after the turn (clockwise, one of TURNS).

    A crop of the whole photo says its turn alone: the cut is then in the middle, as without a crop.
    """

    x: float
    y: float
    width: float
    height: float
    turn: NotRequired[int]


@dataclasses.dataclass(frozen=True)
class Box:
    left: float
    top: float
    width: float
    height: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom: what Pillow takes."""
        return self.left, self.top, self.left + self.width, self.top + self.height


def turn_of(crop: Crop | None) -> int:
    """By how many degrees the photo is turned clockwise: one of TURNS."""
    return crop.get("turn", 0) if crop else 0


def lying(width: int, height: int, crop: Crop | None) -> tuple[int, int]:
    """The upright photo's width and height as it lies once it has been turned."""
    return (height, width) if turn_of(crop) in (90, 270) else (width, height)


def turned_only(crop: Crop | None) -> Crop | None:
    """What is left of a crop without its cut: the turn of the whole photo; None where it is not turned."""
    turn = turn_of(crop)
    return {"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0, "turn": turn} if turn else None


def cuts(crop: Crop | None) -> bool:
    """Whether the customer chose a cut; else it is in the photo's middle."""
    return crop is not None and (not turn_of(crop) or crop != turned_only(crop))


def before_turn(box: Box, width: float, height: float, turn: int) -> Box:
    """Where a box of the turned photo lies on the upright one; `width` and `height` are the turned photo's."""
    right, bottom = width - box.left - box.width, height - box.top - box.height
    return {
        0: box,
        90: Box(box.top, right, box.height, box.width),
        180: Box(right, bottom, box.width, box.height),
        270: Box(bottom, box.left, box.height, box.width),
    }[turn]


def turned(photo_width: float, photo_height: float, paper_width: float, paper_height: float) -> tuple[float, float]:
    """The paper turned to lie as the photo does: landscape for landscape, portrait for portrait."""
    short, long = sorted((paper_width, paper_height))
    return (long, short) if photo_width > photo_height else (short, long)


def centred_crop(photo_width: float, photo_height: float, paper_width: float, paper_height: float) -> Box:
    """The largest part of the photo, in its middle, that fills the paper (turned to match)."""
    paper = turned(photo_width, photo_height, paper_width, paper_height)
    return _largest(Box(0, 0, photo_width, photo_height), *paper)


def crop_box(
    photo_width: float, photo_height: float, paper_width: float, paper_height: float, crop: Crop | None
) -> Box:
    """The part of the photo, in pixels, that the print shows when it fills the paper.

    A crop whose sides are not the paper's is narrowed, about its middle, to the largest part that is; a crop that lies
    across the photo (portrait in a landscape photo) turns the paper with it. None: the centred crop.
    """
    if crop is None:
        return centred_crop(photo_width, photo_height, paper_width, paper_height)
    chosen = Box(
        crop["x"] * photo_width, crop["y"] * photo_height, crop["width"] * photo_width, crop["height"] * photo_height
    )
    return _largest(chosen, *turned(chosen.width, chosen.height, paper_width, paper_height))


def fractions(box: Box, photo_width: float, photo_height: float) -> Crop:
    """The box as the API writes it, in fractions of the upright photo, six decimals."""
    return {
        "x": round(box.left / photo_width, 6),
        "y": round(box.top / photo_height, 6),
        "width": round(box.width / photo_width, 6),
        "height": round(box.height / photo_height, 6),
    }


def border_box(photo_width: float, photo_height: float, paper_width: float, paper_height: float, border: float) -> Box:
    """Where the whole photo lies on the paper (turned to match), in the paper's unit, inside a border of `border`."""
    paper = turned(photo_width, photo_height, paper_width, paper_height)
    inside = Box(border, border, max(paper[0] - 2 * border, 1), max(paper[1] - 2 * border, 1))
    return _largest(inside, photo_width, photo_height)


def _largest(inside: Box, ratio_width: float, ratio_height: float) -> Box:
    """The largest box of the ratio inside the given one, centred."""
    scale = min(inside.width / ratio_width, inside.height / ratio_height)
    width, height = ratio_width * scale, ratio_height * scale
    return Box(inside.left + (inside.width - width) / 2, inside.top + (inside.height - height) / 2, width, height)
