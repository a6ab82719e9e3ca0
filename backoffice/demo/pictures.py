"""Photos for the demo: drawn, so that the shop shows nobody's own. The same name always gives the same picture."""

import functools
import io
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
LANDSCAPE, PORTRAIT, SQUARE = (1500, 1000), (1000, 1500), (1200, 1200)

# name: (kind, size, colours from top to bottom)
SCENES: dict[str, tuple[str, tuple[int, int], tuple[Colour, ...]]] = {
    "Pôr do sol no Guincho": ("sea", LANDSCAPE, ((38, 34, 84), (214, 92, 88), (255, 190, 120), (24, 44, 82))),
    "Serra da Estrela": ("hills", LANDSCAPE, ((158, 200, 232), (236, 240, 238), (96, 132, 150), (24, 48, 58))),
    "Alentejo em maio": ("hills", LANDSCAPE, ((120, 184, 226), (250, 236, 196), (202, 178, 84), (84, 108, 44))),
    "Douro vinhateiro": ("hills", PORTRAIT, ((244, 206, 150), (252, 236, 206), (150, 110, 82), (60, 52, 54))),
    "Avó Lurdes": ("person", PORTRAIT, ((196, 176, 158), (92, 74, 72), (236, 196, 170), (126, 40, 52))),
    "O Tomás aos três": ("person", PORTRAIT, ((170, 206, 206), (52, 96, 106), (246, 210, 184), (240, 180, 60))),
    "Casamento Inês e Rui": ("lights", LANDSCAPE, ((26, 22, 40), (90, 52, 62), (255, 214, 150), (248, 236, 220))),
    "Lagoa das Sete Cidades": ("sea", LANDSCAPE, ((176, 206, 222), (238, 244, 240), (120, 170, 130), (32, 92, 96))),
    "Azulejo": ("tiles", SQUARE, ((238, 242, 246), (32, 74, 150), (88, 140, 204), (16, 40, 92))),
}


@functools.cache
def draw(name: str) -> tuple[bytes, int, int]:
    """The photo's JPEG bytes, width and height."""
    kind, size, colours = SCENES[name]
    chance = random.Random(name)  # noqa: S311 - a picture, not a secret
    picture = {"sea": _sea, "hills": _hills, "person": _person, "lights": _lights, "tiles": _tiles}[kind](
        size, colours, chance
    )
    grain = Image.effect_noise((size[0] // 2, size[1] // 2), 14).resize(size).convert("RGB")
    picture = Image.blend(picture, ImageChops.overlay(picture, grain), 0.35)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue(), *size


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def _glow(picture: Image.Image, centre: tuple[int, int], radius: int, colour: Colour, blur: int) -> None:
    """A soft spot of light, worked out at a quarter of the size and only where it shines."""
    reach = radius + 3 * blur
    side = max(2, reach // 2)
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).circle((side / 2, side / 2), radius / 4, fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(blur / 4)).resize((2 * reach, 2 * reach))
    picture.paste(colour, (centre[0] - reach, centre[1] - reach), mask)


def _ridge(width: int, base: int, height: int, chance: random.Random) -> list[tuple[int, int]]:
    """A skyline of summed waves."""
    waves = [(chance.uniform(0.6, 2.2) * n, chance.uniform(0, 6.3), height / (n * 1.4)) for n in (1, 2, 4, 9)]
    return [
        (x, base - int(sum(a * (0.5 + 0.5 * math.sin(f * x / width * math.tau + p)) for f, p, a in waves) / 2))
        for x in range(0, width + 12, 12)
    ]


def _hills(size: tuple[int, int], colours: tuple[Colour, ...], chance: random.Random) -> Image.Image:
    width, height = size
    picture = _gradient(size, colours[0], colours[1])
    _glow(picture, (int(width * 0.72), int(height * 0.3)), height // 14, (255, 250, 232), 26)
    pen = ImageDraw.Draw(picture)
    layers = 6
    for layer in range(layers):
        share = layer / (layers - 1)
        colour = tuple(round(a + (b - a) * share) for a, b in zip(colours[2], colours[3], strict=True))
        faded = tuple(round(c + (h - c) * 0.55 * (1 - share)) for c, h in zip(colour, colours[1], strict=True))
        base = int(height * (0.56 + 0.5 * share))
        pen.polygon([(0, height), *_ridge(width, base, height // 3, chance), (width, height)], fill=faded)
    return picture.filter(ImageFilter.GaussianBlur(0.8))


def _sea(size: tuple[int, int], colours: tuple[Colour, ...], chance: random.Random) -> Image.Image:
    width, height = size
    horizon = int(height * 0.58)
    sky = _gradient((width, horizon), colours[0], colours[2])
    shallow = (*(round((a + b) / 2) for a, b in zip(colours[2], colours[3], strict=True)),)
    water = _gradient((width, height - horizon), shallow, colours[3])  # type: ignore[arg-type]  # three numbers
    picture = Image.new("RGB", size)
    picture.paste(sky)
    picture.paste(water, (0, horizon))
    sun = (int(width * 0.4), horizon - height // 16)
    _glow(picture, sun, height // 6, colours[2], 150)
    _glow(picture, sun, height // 18, (255, 246, 220), 10)
    pen = ImageDraw.Draw(picture)
    for _unused in range(420):
        depth = chance.random() ** 1.6
        y = horizon + int((height - horizon) * depth)
        x = int(chance.gauss(sun[0], width * (0.05 + 0.22 * depth)))
        length = int(10 + 70 * depth)
        pen.line((x, y, x + length, y), fill=(255, 226, 178), width=1 + int(4 * depth))
    pen.polygon(
        [(width * 0.62, horizon), *_ridge(width, horizon, height // 9, chance)[100:], (width, horizon)], fill=colours[3]
    )
    return picture.filter(ImageFilter.GaussianBlur(1.2))


def _person(size: tuple[int, int], colours: tuple[Colour, ...], chance: random.Random) -> Image.Image:
    """A figure with the light behind it: shoulders, neck, head, hair."""
    width, height = size
    picture = _gradient(size, colours[0], colours[1])
    for _unused in range(22):
        place = (chance.randrange(width), chance.randrange(int(height * 0.75)))
        _glow(picture, place, chance.randrange(30, 110), tuple(min(255, c + 24) for c in colours[0]), 22)  # type: ignore[arg-type]  # three numbers
    figure = Image.new("RGBA", size)
    pen = ImageDraw.Draw(figure)
    cx, cy, r = width // 2, int(height * 0.4), int(width * 0.2)
    skin, dark = colours[2], tuple(c // 3 for c in colours[1])
    pen.ellipse((cx - r * 1.25, cy - r * 1.5, cx + r * 1.25, cy + r * 1.1), fill=dark)
    pen.rounded_rectangle(
        (cx - r * 0.42, cy, cx + r * 0.42, cy + r * 2), r // 3, fill=tuple(int(c * 0.86) for c in skin)
    )
    pen.ellipse((cx - r * 2.5, cy + r * 1.55, cx + r * 2.5, cy + r * 6), fill=colours[3])
    pen.ellipse((cx - r, cy - r * 1.25, cx + r, cy + r * 1.25), fill=skin)
    pen.pieslice((cx - r * 1.12, cy - r * 1.45, cx + r * 1.12, cy + r * 0.6), 180, 360, fill=dark)
    figure = figure.filter(ImageFilter.GaussianBlur(3))
    picture.paste(figure, (0, 0), figure)
    _glow(picture, (int(width * 0.3), int(height * 0.3)), width // 12, (255, 244, 226), 190)
    return picture


def _lights(size: tuple[int, int], colours: tuple[Colour, ...], chance: random.Random) -> Image.Image:
    """Garlands out of focus above two figures."""
    width, height = size
    picture = _gradient(size, colours[0], colours[1])
    for _unused in range(60):
        place = (chance.randrange(width), int(abs(chance.gauss(0, height * 0.3))))
        _glow(
            picture,
            place,
            chance.randrange(14, 60),
            colours[2] if chance.random() < 0.7 else colours[3],
            chance.randrange(6, 20),
        )
    pen = ImageDraw.Draw(picture)
    for cx, tall, colour in ((width * 0.44, 0.62, (22, 20, 30)), (width * 0.55, 0.56, colours[3])):
        top, r = height * (1 - tall), height * 0.055
        pen.ellipse((cx - r, top - r, cx + r, top + r), fill=(58, 36, 34))
        pen.polygon(
            [
                (cx - r * 0.6, top + r * 0.9),
                (cx + r * 0.6, top + r * 0.9),
                (cx + r * 2.6, height),
                (cx - r * 2.6, height),
            ],
            fill=colour,
        )
    return picture.filter(ImageFilter.GaussianBlur(2))


def _tiles(size: tuple[int, int], colours: tuple[Colour, ...], chance: random.Random) -> Image.Image:
    """A wall of blue tiles, each a little different."""
    picture = Image.new("RGB", size, colours[0])
    pen = ImageDraw.Draw(picture)
    side = size[0] // 5
    for left in range(0, size[0], side):
        for top in range(0, size[1], side):
            jitter = chance.randrange(-10, 11)
            blue, pale = (tuple(max(0, min(255, c + jitter)) for c in colours[n]) for n in (1, 2))
            cx, cy = left + side // 2, top + side // 2
            for corner in ((left, top), (left + side, top), (left, top + side), (left + side, top + side)):
                pen.circle(corner, side * 0.36, fill=blue)
                pen.circle(corner, side * 0.24, fill=colours[0])
            pen.regular_polygon((cx, cy, side * 0.34), 4, rotation=45, fill=pale)
            pen.circle((cx, cy), side * 0.16, fill=blue)
            pen.rectangle((left, top, left + side, top + side), outline=(206, 210, 214), width=4)
    return picture.filter(ImageFilter.GaussianBlur(0.7))
