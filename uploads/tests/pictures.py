"""Pictures for tests, drawn by code: four quarters, red, green, blue and white, so that every turn can be seen."""

import io
from collections.abc import Iterable
from typing import Any

from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 40), (30, 40, 210), (250, 250, 250)
CORNERS = ("top left", "top right", "bottom left", "bottom right")


def quarters(width: int = 160, height: int = 120, mode: str = "RGB") -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image.convert(mode) if mode != "RGB" else image


def noise(width: int, height: int, seed: int = 1) -> Image.Image:
    """Hard to compress, different for each seed, never grey in the corners."""
    image = Image.effect_noise((width, height), 60 + seed % 40).convert("RGB")
    image.paste(RED, (0, 0, 32, 32))
    image.paste(BLUE, (width - 48, height - 48, width, height))
    image.paste((seed * 37 % 255, seed * 91 % 255, 160), (width // 3, height // 3, width // 2, height // 2))
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(width: int = 160, height: int = 120, seed: int = 0, **options: Any) -> bytes:
    """A small JPEG, other bytes for each seed."""
    image = quarters(width, height)
    if seed:
        image.putpixel((width // 4, height // 4), (seed % 256, seed // 256 % 256, 9))
        options.setdefault("comment", f"seed {seed}".encode())
    return encoded(image, quality=90, **options)


def turned(orientation: int, width: int = 160, height: int = 120) -> bytes:
    """A JPEG whose EXIF orientation says how to turn it so that `quarters(width, height)` is seen."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = quarters(width, height)
    exif = Image.Exif()
    exif[274] = orientation
    return encoded(image.transpose(undo) if undo is not None else image, quality=95, exif=exif)


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the four quarters, in the order of CORNERS."""
    width, height = image.size
    places: Iterable[tuple[int, int]] = (
        (width // 4, height // 4),
        (width * 3 // 4, height // 4),
        (width // 4, height * 3 // 4),
        (width * 3 // 4, height * 3 // 4),
    )
    return [image.getpixel(place) for place in places]  # type: ignore[misc]  # an RGB pixel is a tuple


def close(seen: Iterable[tuple[int, ...]], wanted: Iterable[tuple[int, ...]], by: int = 14) -> bool:
    return all(abs(a - b) <= by for one, two in zip(seen, wanted, strict=True) for a, b in zip(one, two, strict=True))
