"""From a photo's bytes to upright sRGB pixels, whatever the format, orientation and colour space (U1). For workers only.

Needs Pillow alone, neither Django nor Redis, so that a child process in limits can use it. Nothing but pixels comes out:
no EXIF, no comment, no profile.
"""

import io
from typing import BinaryIO, cast

import pillow_heif
from PIL import ExifTags, Image, ImageCms

pillow_heif.register_heif_opener()
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "TIFF", "MPO")
TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
SRGB = ImageCms.createProfile("sRGB")


class Undecodable(Exception):
    """The bytes are no photo that can be decoded whole."""


def upright(file: BinaryIO, least: tuple[int, int] = (0, 0)) -> Image.Image:
    """The photo as RGB in sRGB, turned upright, transparency on white.

    A JPEG may come out smaller, halved as often as it stays at least `least` (upright width and height, pixels), which
    saves most of the time; (0, 0) decodes it whole. Raises Undecodable; MemoryError where limits are set.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.format in ("JPEG", "MPO") and min(least) > 0:
                image.draft(None, least[::-1] if _orientation(image) in TURNED else least)
            image.load()
            result = _to_srgb(_turned(image))
    except MemoryError:
        raise
    except Exception as error:  # Pillow and its plug-ins raise anything at all on hostile bytes
        raise Undecodable(f"{type(error).__name__}: {error}") from error
    result.info.clear()
    return result


def upright_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height of the upright photo in pixels, from its header alone. Raises Undecodable."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            turn = _orientation(image) if image.format != "TIFF" else 1  # Pillow gives a TIFF's upright size by itself
            return image.size[::-1] if turn in TURNED else image.size
    except Exception as error:  # Pillow and its plug-ins raise anything at all on hostile bytes
        raise Undecodable(f"{type(error).__name__}: {error}") from error


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF block is no reason to refuse a good photo (U2)
        return 1


def _turned(image: Image.Image) -> Image.Image:
    """Upright by EXIF; Pillow turns TIFF and pillow-heif turns HEIC while loading, and both then say orientation 1."""
    methods = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    method = methods.get(_orientation(image))
    if method is None:
        return image
    turned = image.transpose(method)
    turned.info = image.info.copy()
    return turned


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image = _eight_bit(image)
    alpha = _alpha(image)
    colour = image.convert("RGB") if alpha is not None or image.mode in ("1", "P") else image
    rgb = _by_profile(colour, profile) or (colour if colour.mode == "RGB" else colour.convert("RGB"))
    if alpha is not None:
        paper = Image.new("RGB", rgb.size, "white")
        paper.paste(rgb, mask=alpha)
        return paper
    return rgb if rgb is not image else rgb.copy()


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit and floating grey as 8-bit, scaled rather than clipped."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.mode == "F":
        _low, high = cast(tuple[float, float], image.getextrema())  # one pair: the picture has one channel
        return image.point(lambda value: value * (255 / (high or 1))).convert("L")
    return image


def _alpha(image: Image.Image) -> Image.Image | None:
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA").getchannel("A")
    return None


def _by_profile(image: Image.Image, profile: object) -> Image.Image | None:
    """The image converted by its embedded profile; None where it has none that works (U2)."""
    if not isinstance(profile, bytes) or not profile or image.mode not in ("RGB", "CMYK", "L", "LAB"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
