"""Drawings of prints for the pages: SVG attributes worked out from orders.cropping, the same numbers that cut the paper.

Numbers are strings already, so that no locale turns a point into a comma. js/sheet.js draws the same in the browser.
"""

import dataclasses

from orders import cropping
from orders.cropping import Box, Crop, Paper, Pixels


@dataclasses.dataclass(frozen=True)
class Rectangle:
    x: str
    y: str
    width: str
    height: str
    transform: str = ""  # how a photo that was turned comes to lie where it is shown


@dataclasses.dataclass(frozen=True)
class Sheet:
    """The whole photo with what falls away darkened (`cut`, a path), or the paper (`mat`) with the photo on it."""

    view_box: str
    mat_width: str
    mat_height: str
    image: Rectangle
    cut: str
    edge: Rectangle
    lost: float = 0  # the part of the photo that falls away, 0 to 1


@dataclasses.dataclass(frozen=True)
class PrintPicture:
    """The finished print: `window` is where the part `part` of the photo, drawn as `image`, lies on the paper."""

    paper_width: str
    paper_height: str
    window: Rectangle
    part: str
    image: Rectangle


NOWHERE = Rectangle("0", "0", "0", "0")
BLANK_SHEET = Sheet("0 0 3 2", "0", "0", NOWHERE, "", NOWHERE)


def sheet(photo: Pixels, paper: Paper, fit: str, crop: Crop | None) -> Sheet:
    width, height = cropping.lying(photo.width, photo.height, crop)
    turn = cropping.turn_of(crop)
    if fit == "border":
        across, down = cropping.turned(width, height, paper.width_mm, paper.height_mm)
        placed = cropping.border_box(width, height, paper.width_mm, paper.height_mm, paper.border_mm)
        return Sheet(
            f"0 0 {_number(across)} {_number(down)}", _number(across), _number(down), _image(placed, turn), "", NOWHERE
        )
    box = cropping.crop_box(width, height, paper.width_mm, paper.height_mm, crop)
    whole = width - box.width < 1 and height - box.height < 1
    left, top, right, bottom = map(_number, box.corners)
    return Sheet(
        view_box=f"0 0 {width} {height}",
        mat_width="0",
        mat_height="0",
        image=_image(Box(0, 0, width, height), turn),
        cut="" if whole else f"M0 0H{width}V{height}H0ZM{left} {top}H{right}V{bottom}H{left}Z",
        edge=NOWHERE if whole else _rectangle(box),
        lost=1 - box.width * box.height / (width * height),
    )


def finished(photo: Pixels, paper: Paper, fit: str, crop: Crop | None) -> PrintPicture:
    width, height = cropping.lying(photo.width, photo.height, crop)
    if fit == "border":
        across, down = cropping.turned(width, height, paper.width_mm, paper.height_mm)
        window = cropping.border_box(width, height, paper.width_mm, paper.height_mm, paper.border_mm)
        part = Box(0, 0, width, height)
    else:
        part = cropping.crop_box(width, height, paper.width_mm, paper.height_mm, crop)
        across, down = cropping.turned(part.width, part.height, paper.width_mm, paper.height_mm)
        window = Box(0, 0, across, down)
    seen = " ".join(map(_number, (part.left, part.top, part.width, part.height)))
    image = _image(Box(0, 0, width, height), cropping.turn_of(crop))
    return PrintPicture(_number(across), _number(down), _rectangle(window), seen, image)


def _image(place: Box, turn: int) -> Rectangle:
    """The photo drawn so that, turned clockwise about the middle of `place`, it fills it."""
    if not turn:
        return _rectangle(place)
    x, y = place.left + place.width / 2, place.top + place.height / 2
    width, height = (place.width, place.height) if turn == 180 else (place.height, place.width)
    drawn = _rectangle(Box(x - width / 2, y - height / 2, width, height))
    return dataclasses.replace(drawn, transform=f"rotate({turn} {_number(x)} {_number(y)})")


def _rectangle(box: Box) -> Rectangle:
    return Rectangle(*map(_number, (box.left, box.top, box.width, box.height)))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
