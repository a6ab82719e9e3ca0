"""Photos for the browser tests: drawn landscapes, each a little different, as JPEG, PNG or HEIC."""

import random
from pathlib import Path

import pillow_heif
from PIL import Image, ImageDraw, ImageFilter

pillow_heif.register_heif_opener()


def landscape(width: int, height: int, seed: int) -> Image.Image:
    """A sky, a sun, and hills one behind the other."""
    chance = random.Random(seed)
    top, bottom = chance.choice(
        [((38, 70, 110), (246, 190, 140)), ((90, 150, 190), (240, 230, 210)), ((60, 40, 90), (250, 140, 110))]
    )
    sky = Image.new("RGB", (1, 64))
    for row in range(64):
        sky.putpixel((0, row), tuple(round(a + (b - a) * row / 63) for a, b in zip(top, bottom, strict=True)))
    picture = sky.resize((width // 4, height // 4), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    across, down = picture.size
    x, y, radius = chance.uniform(0.2, 0.8) * across, chance.uniform(0.25, 0.5) * down, min(across, down) * 0.09
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 240, 205))
    tint = chance.choice([(30, 60, 70), (50, 45, 80), (40, 70, 50)])
    for layer in range(4):
        base, step = down * (0.55 + layer * 0.12), across / 6
        points = [(at * step, base + chance.uniform(-0.09, 0.05) * down) for at in range(8)]
        fade = 1 - layer * 0.22
        colour = tuple(round(part + (200 - part) * fade * 0.6) for part in tint)
        draw.polygon([(0, down), *points, (across, down)], fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(1)).resize((width, height), Image.Resampling.BICUBIC)


def save(folder: Path, name: str, width: int, height: int, seed: int) -> Path:
    path = folder / name
    landscape(width, height, seed).save(path)
    return path


def album(folder: Path) -> list[Path]:
    """Five photos: landscape, portrait, square, from a phone, and one too small for anything large."""
    return [
        save(folder, "Serra da Estrela.jpg", 3000, 2000, 1),
        save(folder, "avó_à_janela.jpg", 2000, 3000, 2),
        save(folder, "praia.png", 2000, 2000, 3),
        save(folder, "IMG_4711.heic", 2400, 1800, 4),
        save(folder, "antiga.jpg", 400, 300, 5),
    ]
