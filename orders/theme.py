"""The studio's colour as a small stylesheet: readable on white and on black, whatever colour the owner picks."""

import colorsys
import re

LIGHT_PAPER = (0.98, 0.976, 0.965)
DARK_PAPER = (0.11, 0.11, 0.102)
READABLE = 4.6  # contrast; WCAG AA asks for 4.5

Colour = tuple[float, float, float]


def stylesheet(colour: str) -> str:
    """CSS variables for the colour "#rrggbb"; empty where it is none."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return ""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    brand = (red, green, blue)
    on_brand = "#fff" if contrast(brand, (1.0, 1.0, 1.0)) >= READABLE else "#000"
    light = readable(brand, LIGHT_PAPER, -0.02)
    dark = readable(brand, DARK_PAPER, 0.02)
    return (
        f":root {{ --brand: {colour}; --on-brand: {on_brand}; --brand-text: {_hex(light)}; }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ --brand-text: {_hex(dark)}; }} }}\n"
    )


def readable(colour: Colour, paper: Colour, step: float) -> Colour:
    """The colour, made lighter (step > 0) or darker until text in it can be read on the paper."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    while contrast(colour, paper) < READABLE and 0 < lightness + step < 1:
        lightness += step
        colour = colorsys.hls_to_rgb(hue, lightness, saturation)
    return colour


def contrast(one: Colour, other: Colour) -> float:
    """WCAG's contrast of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = ((c / 12.92) if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
