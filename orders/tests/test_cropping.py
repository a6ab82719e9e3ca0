"""U6, U8: the geometry that preview, quality and print file share."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import cropping, quality
from orders.cropping import Box

SIDES = st.integers(min_value=1, max_value=20_000)
PAPER = st.integers(min_value=50, max_value=1000)


@dataclasses.dataclass(frozen=True)
class Photo:
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class Product:
    width_mm: int
    height_mm: int
    border_mm: int = 0


def test_the_paper_turns_to_lie_as_the_photo_does() -> None:
    assert cropping.turned(1800, 1200, 100, 150) == (150, 100)
    assert cropping.turned(1200, 1800, 100, 150) == (100, 150)
    assert cropping.turned(1200, 1800, 150, 100) == (100, 150)
    assert cropping.turned(1200, 1200, 150, 100) == (100, 150)


def test_a_photo_with_the_papers_sides_is_printed_whole() -> None:
    assert cropping.centred_crop(1800, 1200, 100, 150) == Box(0, 0, 1800, 1200)


def test_a_centred_crop_cuts_the_same_from_both_ends() -> None:
    """A 4:3 photo on 10 × 15: 4000 × 2666.7 of 4000 × 3000 pixels are printed."""
    box = cropping.centred_crop(4000, 3000, 100, 150)
    assert (box.left, box.width) == (0, 4000)
    assert box.top == pytest.approx(166.667, abs=0.01)
    assert box.height == pytest.approx(2666.667, abs=0.01)


def test_a_portrait_crop_of_a_landscape_photo_turns_the_paper() -> None:
    box = cropping.crop_box(3000, 2000, 100, 150, {"x": 0.1, "y": 0, "width": 4 / 9, "height": 1})
    assert (round(box.left), round(box.top), round(box.width), round(box.height)) == (300, 0, 1333, 2000)


def test_a_crop_of_other_sides_is_narrowed_about_its_middle() -> None:
    box = cropping.crop_box(1000, 1000, 100, 200, {"x": 0, "y": 0.5, "width": 1, "height": 0.5})
    assert (box.left, box.top, box.width, box.height) == (0, 500, 1000, 500)
    box = cropping.crop_box(1000, 1000, 100, 200, {"x": 0, "y": 0, "width": 1, "height": 0.8})
    assert (box.left, box.width, box.height) == (0, 1000, 500)
    assert box.top == pytest.approx(150)


def test_a_border_leaves_the_photo_whole_and_centred() -> None:
    """A square photo on 10 × 15 with 5 mm of border: 90 × 90 mm in the middle of 100 × 150."""
    assert cropping.border_box(1000, 1000, 100, 150, 5) == Box(5, 30, 90, 90)


@given(SIDES, SIDES, PAPER, PAPER)
def test_every_crop_lies_inside_the_photo_and_has_the_papers_sides(
    width: int, height: int, paper: int, other: int
) -> None:
    box = cropping.centred_crop(width, height, paper, other)
    across, down = cropping.turned(width, height, paper, other)
    assert box.left >= -1e-6
    assert box.top >= -1e-6
    assert box.left + box.width <= width + 1e-6
    assert box.top + box.height <= height + 1e-6
    assert box.width / box.height == pytest.approx(across / down)
    assert box.width == pytest.approx(width) or box.height == pytest.approx(height)


@given(st.integers(100, 20_000), st.integers(100, 20_000), PAPER, PAPER)
def test_what_the_api_answers_is_cut_again_to_within_a_pixel(width: int, height: int, paper: int, other: int) -> None:
    """U8: the crop that the browser shows, sent back and cut for printing, is the same ± 1 pixel."""
    first = cropping.centred_crop(width, height, paper, other)
    again = cropping.crop_box(width, height, paper, other, cropping.fractions(first, width, height))
    if abs(width - height) > 1:  # a square crop of a square photo may lie either way
        assert again.corners == pytest.approx(first.corners, abs=1)


@pytest.mark.parametrize(
    ("pixels", "dpi", "word"),
    [((1182, 788), 200, "good"), ((1181, 787), 199, "fair"), ((709, 473), 120, "fair"), ((708, 472), 119, "poor")],
)
def test_quality_is_good_from_200_dpi_and_fair_from_120(pixels: tuple[int, int], dpi: int, word: str) -> None:
    """U6, on 10 × 15 cm."""
    found = quality.dpi(Photo(*pixels), Product(100, 150), "crop")
    assert (found, quality.word(found)) == (dpi, word)


def test_a_crop_lowers_the_quality() -> None:
    """U6: after the crop. Half of 1800 × 1200 on 10 × 15 is 152 dpi, the whole 304."""
    photo, product = Photo(1800, 1200), Product(100, 150)
    assert quality.dpi(photo, product, "crop") == 304
    assert quality.dpi(photo, product, "crop", {"x": 0, "y": 0, "width": 0.5, "height": 0.5}) == 152


def test_a_border_makes_the_photo_smaller_and_so_sharper() -> None:
    assert quality.dpi(Photo(1800, 1200), Product(100, 150, 5), "border") == 338


def test_the_pixels_shown_for_a_quality_give_that_quality() -> None:
    product = Product(100, 150)
    assert quality.pixels_for(product, quality.GOOD_DPI) == [788, 1182]
    assert quality.dpi(Photo(788, 1182), product, "crop") == 200
    assert quality.dpi(Photo(*quality.pixels_for(product, quality.FAIR_DPI)), product, "crop") == 120


@pytest.mark.parametrize(
    ("turn", "upright"),
    [
        (0, Box(100, 50, 400, 300)),
        (90, Box(50, 500, 300, 400)),
        (180, Box(500, 1650, 400, 300)),
        (270, Box(1650, 100, 300, 400)),
    ],
)
def test_a_cut_of_a_turned_photo_is_found_on_the_upright_one(turn: int, upright: Box) -> None:
    """U8: 1000 × 2000 as turned; a quarter clockwise brings the upright photo's left edge to the top."""
    assert cropping.before_turn(Box(100, 50, 400, 300), 1000, 2000, turn) == upright


def test_the_paper_lies_as_the_turned_photo_does() -> None:
    """U6, U8: the pixels are counted after the turn; a photo that is neither lies as it would unturned."""
    turned: cropping.Crop = {"x": 0, "y": 0, "width": 1, "height": 1, "turn": 90}
    assert cropping.lying(1800, 1200, turned) == (1200, 1800)
    assert quality.dpi(Photo(1800, 1200), Product(100, 150, 5), "crop", turned) == 304
    assert quality.dpi(Photo(1800, 1200), Product(100, 150, 5), "border", turned) == 338
    assert quality.dpi(Photo(1800, 1200), Product(150, 150), "crop", turned) == 203
