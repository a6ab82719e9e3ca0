"""Whether a JPEG's data ends too early although its end mark is there: the decoder then fills in grey without a word."""

import io

from PIL import Image, ImageChops

END = b"\xff\xd9"
FILLING = bytes((n * 73 + 41) % 251 for n in range(4096))  # no 0xFF in it, so no marks
GREY = range(125, 132)


def is_cut_short(data: bytes, decoded: Image.Image) -> bool:
    """`decoded` is the upright RGB picture, of any scale.

    A corner of exactly that grey makes suspicious (progressive and CMYK files always do). The proof: with more data put
    before the end mark, a decoder that had run out of data shows another picture; one that was finished does not.
    """
    if data[:2] != b"\xff\xd8" or not (_grey_corner(decoded) or _hard_to_tell(data)):
        return False
    start = data.find(b"\xff\xda")
    end = data.find(END, start)
    if start < 0 or end < 0:
        return True
    first, second = _decode(data[: end + 2]), _decode(data[:end] + FILLING + END)
    return ImageChops.difference(first, second).getbbox() is not None


def _grey_corner(image: Image.Image) -> bool:
    right, bottom = image.width - 1, image.height - 1
    corners = (image.getpixel(place) for place in ((0, 0), (right, 0), (0, bottom), (right, bottom)))
    return any(isinstance(pixel, tuple) and all(part in GREY for part in pixel) for pixel in corners)


def _hard_to_tell(data: bytes) -> bool:
    with Image.open(io.BytesIO(data), formats=("JPEG", "MPO")) as image:
        return bool(image.info.get("progressive") or image.mode == "CMYK")


def _decode(data: bytes) -> Image.Image:
    """An eighth of the size: enough to see a difference."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft(None, (1, 1))
        image.load()
        return image.copy()
