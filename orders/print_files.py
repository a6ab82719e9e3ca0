"""Print-ready files: a photo cut or bordered for its paper exactly as the preview showed it (U8). Pure: image in, JPEG out.

The file has the paper's size at 300 dpi, or at the best whole number of dpi that the photo's pixels give, never more:
nothing is enlarged. sRGB, JPEG quality 95 without colour subsampling, the dpi in the header, no metadata of the photo.
"""

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageCms

from orders.cropping import MM_PER_INCH, Box, Crop, before_turn, border_box, crop_box, lying, turn_of

PRINT_DPI = 300
JPEG_QUALITY = 95
THUMBNAIL_PIXELS = 480
THUMBNAIL_QUALITY = 82
CLOCKWISE = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@dataclass(frozen=True)
class PrintSpec:
    """What one item asks for; paper and border in millimetres, the crop in fractions of the photo as turned."""

    width_mm: int
    height_mm: int
    border_mm: int = 0
    fit: str = "crop"
    crop: Crop | None = None


@dataclass(frozen=True)
class Layout:
    """Where what lands: `box` of the photo, as turned, fills `place` (left, top, width, height) on a canvas of `size`, in pixels."""

    size: tuple[int, int]
    dpi: int
    box: Box
    place: tuple[int, int, int, int]


def layout(photo_width: int, photo_height: int, spec: PrintSpec) -> Layout:
    """The geometry of a print file for a photo of that upright size, worked out by orders.cropping alone."""
    width, height = lying(photo_width, photo_height, spec.crop)
    return _bordered(width, height, spec) if spec.fit == "border" else _cropped(width, height, spec)


def least_size(photo_width: int, photo_height: int, specs: list[PrintSpec]) -> tuple[int, int]:
    """The smallest size the whole photo may be decoded at, so that no print of it is enlarged or loses sharpness."""
    scale = 0.0
    for spec in specs:
        plan = layout(photo_width, photo_height, spec)
        scale = max(scale, plan.place[2] / plan.box.width, plan.place[3] / plan.box.height)
    return math.ceil(photo_width * scale), math.ceil(photo_height * scale)


def render(image: Image.Image, photo_width: int, photo_height: int, spec: PrintSpec) -> bytes:
    """The print file's bytes. `image` is upright, RGB, sRGB; it may be decoded smaller than the photo (see least_size)."""
    plan = layout(photo_width, photo_height, spec)
    left, top, width, height = plan.place
    turn = turn_of(spec.crop)
    box = before_turn(plan.box, *lying(photo_width, photo_height, spec.crop), turn)
    # Turned once it is cut: a turned copy of the whole photo would take its memory again.
    cut = image.resize(
        (height, width) if turn in (90, 270) else (width, height),
        Image.Resampling.LANCZOS,
        box=_scaled(box, image, photo_width, photo_height),
    )
    if turn:
        cut = cut.transpose(CLOCKWISE[turn])
    if plan.size != (width, height):
        paper = Image.new("RGB", plan.size, "white")
        paper.paste(cut, (left, top))
        cut = paper
    return _jpeg(cut, JPEG_QUALITY, plan.dpi)


def thumbnail(image: Image.Image) -> bytes:
    """The photo at most THUMBNAIL_PIXELS wide and high."""
    small = image.copy()
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    return _jpeg(small, THUMBNAIL_QUALITY, 72)


def _cropped(photo_width: int, photo_height: int, spec: PrintSpec) -> Layout:
    box = crop_box(photo_width, photo_height, spec.width_mm, spec.height_mm, spec.crop)
    paper_width, paper_height = _lying_as(box.width > box.height, spec)
    dpi = _best_dpi(box.width, paper_width)
    size = (_pixels(paper_width, dpi), _pixels(paper_height, dpi))
    return Layout(size, dpi, box, (0, 0, *size))


def _bordered(photo_width: int, photo_height: int, spec: PrintSpec) -> Layout:
    paper_width, paper_height = _lying_as(photo_width > photo_height, spec)
    placed = border_box(photo_width, photo_height, spec.width_mm, spec.height_mm, spec.border_mm)
    dpi = _best_dpi(photo_width, placed.width)
    left, top = _pixels(placed.left, dpi, least=0), _pixels(placed.top, dpi, least=0)
    place = (left, top, _pixels(placed.width, dpi), _pixels(placed.height, dpi))
    return Layout(
        (_pixels(paper_width, dpi), _pixels(paper_height, dpi)), dpi, Box(0, 0, photo_width, photo_height), place
    )


def _lying_as(landscape: bool, spec: PrintSpec) -> tuple[int, int]:
    short, long = sorted((spec.width_mm, spec.height_mm))
    return (long, short) if landscape else (short, long)


def _best_dpi(pixels: float, millimetres: float) -> int:
    return max(1, min(PRINT_DPI, math.floor(pixels / millimetres * MM_PER_INCH + 1e-9)))


def _pixels(millimetres: float, dpi: int, *, least: int = 1) -> int:
    return max(least, round(millimetres / MM_PER_INCH * dpi))


def _scaled(box: Box, image: Image.Image, photo_width: int, photo_height: int) -> tuple[float, float, float, float]:
    """The box on an image that may be smaller than the photo, kept inside it against rounding."""
    x, y = image.width / photo_width, image.height / photo_height
    left, top, right, bottom = box.corners
    return (
        max(0.0, left * x),
        max(0.0, top * y),
        min(float(image.width), right * x),
        min(float(image.height), bottom * y),
    )


def _jpeg(image: Image.Image, quality: int, dpi: int) -> bytes:
    """JPEG bytes with nothing of the photo but its pixels: Pillow would carry comments over from `info`."""
    image.info.clear()
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=0, dpi=(dpi, dpi), icc_profile=SRGB_PROFILE)
    return out.getvalue()


def _srgb_profile() -> bytes:
    """The sRGB profile without its date, so that the same photo always gives the same file."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d000010001000000000000")  # 2000-01-01
    profile[84:100] = bytes(16)  # the profile's own checksum, optional
    return bytes(profile)


SRGB_PROFILE = _srgb_profile()
