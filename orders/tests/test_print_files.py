"""Print files: cut exactly as shown, at the paper's size, sRGB, and nothing enlarged (U1, U7, U8)."""

import io
import random
from typing import cast

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw

from orders.cropping import Crop
from orders.print_files import PRINT_DPI, PrintSpec, layout, render
from orders.print_worker import make
from uploads.pixels import Undecodable

SIZES = [(100, 150), (130, 180), (150, 200), (200, 300), (150, 150)]


def with_edge(width: int, height: int, x: int, y: int) -> Image.Image:
    """White, but black left of x in the red channel and above y in the green one."""
    image = Image.new("RGB", (width, height), "white")
    red, green, blue = image.split()
    ImageDraw.Draw(red).rectangle((0, 0, x - 1, height), fill=0)
    ImageDraw.Draw(green).rectangle((0, 0, width, y - 1), fill=0)
    return Image.merge("RGB", (red, green, blue))


def edge_of(print_file: bytes) -> tuple[float, float]:
    """Where those edges lie in a print file, in its pixels, to a fraction of one."""
    with Image.open(io.BytesIO(print_file)) as image:
        red, green, _blue = image.split()
        x, y = (
            round(image.width * 0.95),
            round(image.height * 0.95),
        )  # far from the other edge, which would bleed into it
        row = red.crop((0, y, image.width, y + 1)).tobytes()
        column = green.crop((x, 0, x + 1, image.height)).tobytes()
    return sum(255 - value for value in row) / 255, sum(255 - value for value in column) / 255


def size_of(print_file: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(print_file)) as image:
        return image.size


def as_jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()


def random_cut(rng: random.Random, width: int, height: int, paper: tuple[int, int]) -> Crop:
    """A cut of the paper's shape, as the page's cropper sends it: fractions with six decimals."""
    long_first = rng.random() < 0.5
    ratio = max(paper) / min(paper) if long_first else min(paper) / max(paper)
    largest = min(width, height * ratio)
    cut_width = largest * rng.uniform(0.4, 1)
    cut_height = cut_width / ratio
    x, y = rng.uniform(0, width - cut_width), rng.uniform(0, height - cut_height)
    return {
        "x": round(x / width, 6),
        "y": round(y / height, 6),
        "width": round(cut_width / width, 6),
        "height": round(cut_height / height, 6),
    }


@pytest.mark.parametrize("seed", range(30))
def test_a_print_is_cut_where_the_preview_showed_it(seed: int) -> None:
    """U8: an edge of the photo lies within one pixel of where the chosen cut puts it, whatever size, cut and scaling."""
    rng = random.Random(seed)
    width, height = rng.randint(900, 4000), rng.randint(900, 4000)
    paper = rng.choice(SIZES)
    crop = random_cut(rng, width, height, paper)
    x = round((crop["x"] + crop["width"] * rng.uniform(0.2, 0.8)) * width)
    y = round((crop["y"] + crop["height"] * rng.uniform(0.2, 0.8)) * height)
    _thumbnail, print_file = make(
        as_jpeg(with_edge(width, height, x, y)), width, height, [PrintSpec(*paper, crop=crop)]
    )
    print_width, print_height = size_of(print_file)
    found_x, found_y = edge_of(print_file)
    assert found_x == pytest.approx((x / width - crop["x"]) / crop["width"] * print_width, abs=1)
    assert found_y == pytest.approx((y / height - crop["y"]) / crop["height"] * print_height, abs=1)


@pytest.mark.parametrize(("width", "height"), [(4000, 3000), (3000, 4000), (1801, 1201), (2000, 2000)])
@pytest.mark.parametrize("paper", SIZES)
def test_a_print_without_a_chosen_cut_is_cut_in_the_middle(width: int, height: int, paper: tuple[int, int]) -> None:
    """U8: the photo's middle is the print's middle, within one pixel."""
    image = with_edge(width, height, width // 2, height // 2)
    print_file = render(image, width, height, PrintSpec(*paper))
    print_width, print_height = size_of(print_file)
    found_x, found_y = edge_of(print_file)
    assert found_x == pytest.approx(print_width / 2, abs=1)
    assert found_y == pytest.approx(print_height / 2, abs=1)
    assert (print_width > print_height) == (width > height and paper[0] != paper[1])


@pytest.mark.parametrize(("width", "height"), [(4000, 3000), (3000, 4000), (1801, 1201), (4000, 1000)])
@pytest.mark.parametrize("paper", SIZES)
def test_a_bordered_print_shows_the_whole_photo_inside_white(width: int, height: int, paper: tuple[int, int]) -> None:
    """U8: nothing is cut off, the border is as wide as ordered or wider, the same on opposite sides within a pixel."""
    print_file = render(Image.new("RGB", (width, height), "black"), width, height, PrintSpec(*paper, 5, "border"))
    with Image.open(io.BytesIO(print_file)) as image:
        dark = image.convert("L").point(lambda value: 255 if value < 128 else 0)
        box = dark.getbbox()
        dpi = image.info["dpi"][0]
        assert box is not None
        border = 5 / 25.4 * dpi
        left, top, right, bottom = box[0], box[1], image.width - box[2], image.height - box[3]
        assert min(left, top, right, bottom) >= border - 1
        assert min(left, top) <= border + 1
        assert abs(left - right) <= 1
        assert abs(top - bottom) <= 1
        assert (box[2] - box[0]) / (box[3] - box[1]) == pytest.approx(width / height, rel=0.01)


@pytest.mark.parametrize(
    ("pixels", "paper", "dpi", "size"),
    [
        ((4000, 3000), (100, 150), 300, (1772, 1181)),
        ((3000, 4000), (100, 150), 300, (1181, 1772)),
        ((6000, 4000), (200, 300), 300, (3543, 2362)),
        ((1800, 1200), (200, 300), 152, (1795, 1197)),
        ((600, 400), (300, 400), 33, (520, 390)),
    ],
)
def test_a_print_has_300_dpi_or_what_the_pixels_give(
    pixels: tuple[int, int], paper: tuple[int, int], dpi: int, size: tuple[int, int]
) -> None:
    """Never enlarged; the size in the file times its dpi is the paper."""
    print_file = render(Image.new("RGB", pixels), *pixels, PrintSpec(*paper))
    with Image.open(io.BytesIO(print_file)) as image:
        assert image.size == size
        assert tuple(round(value) for value in image.info["dpi"]) == (dpi, dpi)
        assert image.size[0] <= pixels[0]
        for side, millimetres in zip(sorted(image.size), sorted(paper), strict=True):
            assert side / dpi * 25.4 == pytest.approx(millimetres, abs=25.4 / dpi)


@pytest.mark.parametrize("seed", range(20))
def test_no_print_is_ever_enlarged(seed: int) -> None:
    rng = random.Random(seed)
    width, height = rng.randint(50, 9000), rng.randint(50, 9000)
    paper = rng.choice(SIZES)
    for spec in (PrintSpec(*paper, crop=random_cut(rng, width, height, paper)), PrintSpec(*paper, 3, "border")):
        plan = layout(width, height, spec)
        assert plan.place[2] <= plan.box.width + 1
        assert plan.place[3] <= plan.box.height + 1
        assert plan.dpi <= PRINT_DPI


def test_a_print_is_a_jpeg_without_colour_subsampling_in_srgb() -> None:
    print_file = render(Image.new("RGB", (1800, 1200), "red"), 1800, 1200, PrintSpec(100, 150))
    with Image.open(io.BytesIO(print_file)) as image:
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]  # JPEG's own attribute
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)


def test_the_same_photo_gives_the_same_file() -> None:
    """A print made again after a crash has the same checksum."""
    image = with_edge(1800, 1200, 500, 500)
    assert render(image, 1800, 1200, PrintSpec(100, 150)) == render(image, 1800, 1200, PrintSpec(100, 150))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def corner_colours(print_file: bytes) -> list[tuple[int, ...]]:
    with Image.open(io.BytesIO(print_file)) as image:
        w, h = image.size
        places = ((w // 4, h // 4), (3 * w // 4, h // 4), (w // 4, 3 * h // 4))
        return [cast("tuple[int, ...]", image.getpixel(place)) for place in places]


def quarters(mode: str = "RGB") -> Image.Image:
    """Red, green, blue and white quarters."""
    image = Image.new("RGB", (600, 400), "white")
    image.paste((200, 30, 30), (0, 0, 300, 200))
    image.paste((30, 180, 30), (300, 0, 600, 200))
    image.paste((30, 30, 200), (0, 200, 300, 400))
    return image.convert(mode)


EXPECTED = [(200, 30, 30), (30, 180, 30), (30, 30, 200)]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_every_format_is_printed_upright_in_its_colours(kind: str, orientation: int) -> None:
    """U1: stored in any orientation, printed as seen."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = quarters().transpose(undo[orientation]) if orientation > 1 else quarters()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(stored, kind, exif=exif, **({"quality": 95} if kind != "PNG" else {}))
    _thumbnail, print_file = make(data, 600, 400, [PrintSpec(100, 150)])
    for found, expected in zip(corner_colours(print_file), EXPECTED, strict=True):
        assert found == pytest.approx(expected, abs=14)


def test_heic_is_turned_by_the_decoder_and_not_again_by_exif() -> None:
    """U1: a HEIC's EXIF orientation is information only."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(quarters(), "HEIF", exif=exif, quality=95)
    _thumbnail, print_file = make(data, 600, 400, [PrintSpec(100, 150)])
    for found, expected in zip(corner_colours(print_file), EXPECTED, strict=True):
        assert found == pytest.approx(expected, abs=14)


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    """U1"""
    grey = Image.new("I;16", (600, 400), 32_896)
    _thumbnail, print_file = make(saved(grey, "TIFF"), 600, 400, [PrintSpec(100, 150)])
    assert corner_colours(print_file)[0] == pytest.approx((128, 128, 128), abs=2)


def test_transparency_becomes_white() -> None:
    """U2"""
    image = Image.new("RGBA", (600, 400), (200, 0, 0, 0))
    _thumbnail, print_file = make(saved(image, "PNG"), 600, 400, [PrintSpec(100, 150)])
    assert corner_colours(print_file)[0] == (255, 255, 255)


def test_cmyk_is_printed_in_its_colours() -> None:
    """U1"""
    data = saved(quarters("CMYK"), "JPEG", quality=95)
    _thumbnail, print_file = make(data, 600, 400, [PrintSpec(100, 150)])
    for found, expected in zip(corner_colours(print_file), EXPECTED, strict=True):
        assert found == pytest.approx(expected, abs=14)


def test_a_broken_colour_profile_is_ignored() -> None:
    """U2: no reason to fail."""
    data = saved(quarters(), "JPEG", quality=95, icc_profile=b"not a profile" * 20)
    _thumbnail, print_file = make(data, 600, 400, [PrintSpec(100, 150)])
    assert corner_colours(print_file)[0] == pytest.approx(EXPECTED[0], abs=14)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a" + bytes(100), b"<svg/>", saved(Image.new("RGB", (600, 400)), "JPEG")[:400]]
)
def test_what_cannot_be_decoded_is_named_so(data: bytes) -> None:
    """U2"""
    with pytest.raises(Undecodable):
        make(data, 600, 400, [PrintSpec(100, 150)])


RED, GREEN, BLUE = EXPECTED
WHITE = (255, 255, 255)
CLOCKWISE = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@pytest.mark.parametrize("fit", ["crop", "border"])
@pytest.mark.parametrize("paper", [(100, 150), (150, 150)])
@pytest.mark.parametrize(
    ("turn", "corners"), [(90, (BLUE, RED, WHITE)), (180, (WHITE, BLUE, GREEN)), (270, (GREEN, WHITE, RED))]
)
def test_a_turned_photo_is_printed_turned_clockwise(
    turn: int, corners: tuple[tuple[int, ...], ...], paper: tuple[int, int], fit: str
) -> None:
    """U8: upper left, upper right and lower left of red, green, blue and white quarters; the paper lies as the turned photo."""
    crop: Crop = {"x": 0, "y": 0, "width": 1, "height": 1, "turn": turn}
    _thumbnail, print_file = make(saved(quarters(), "PNG"), 600, 400, [PrintSpec(*paper, 5, fit, crop)])
    for found, expected in zip(corner_colours(print_file), corners, strict=True):
        assert found == pytest.approx(expected, abs=14)
    width, height = size_of(print_file)
    assert (width > height) == (turn == 180 and paper != (150, 150))


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("seed", range(6))
def test_a_turned_photo_is_printed_as_one_that_was_turned_before(turn: int, seed: int) -> None:
    """U8: the same paper, the same pixels, for a cut anywhere and for a white border."""
    rng = random.Random(seed)
    width, height = rng.randint(900, 2000), rng.randint(900, 2000)
    photo = with_edge(width, height, width // 3, height // 3)
    before = photo.transpose(CLOCKWISE[turn])
    paper = rng.choice(SIZES)
    cut = random_cut(rng, *before.size, paper)
    for fit, crop in (("crop", cut), ("border", cut)):
        asked: Crop = {**crop, "turn": turn}
        print_file = render(photo, width, height, PrintSpec(*paper, 5, fit, asked))
        expected = render(before, *before.size, PrintSpec(*paper, 5, fit, crop))
        with Image.open(io.BytesIO(print_file)) as found, Image.open(io.BytesIO(expected)) as same:
            assert found.size == same.size
            assert found.info["dpi"] == same.info["dpi"]
            furthest = ImageChops.difference(found.convert("RGB"), same.convert("RGB")).getextrema()
            assert max(most for _least, most in cast("tuple[tuple[int, int], ...]", furthest)) <= 3
