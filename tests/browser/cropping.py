"""Looking at the pixels of previews: where two colour edges of a photo lie inside the paper that is shown."""

import io
import math
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw
from playwright.sync_api import Locator, Page

SNAPPED = """node => {
  const { x, y } = node.ownerSVGElement.getBoundingClientRect();
  return [Math.round(x) - x, Math.round(y) - y];
}"""


def photo_with_edges(path: Path, width: int, height: int, x: int, y: int) -> Path:
    """White, but without red left of x and without green above y."""
    red, green, blue = Image.new("RGB", (width, height), "white").split()
    ImageDraw.Draw(red).rectangle((0, 0, x - 1, height), fill=0)
    ImageDraw.Draw(green).rectangle((0, 0, width, y - 1), fill=0)
    Image.merge("RGB", (red, green, blue)).save(path, quality=95, subsampling=0)
    return path


def border_of(image: Image.Image) -> tuple[float, float]:
    """Where the photo begins on a paper with a white border, from the left and from above, as fractions of the paper."""
    red, green, _blue = image.convert("RGB").split()
    row = ImageChops.invert(red.crop((0, image.height // 2, image.width, image.height // 2 + 1))).tobytes()
    column = ImageChops.invert(green.crop((image.width // 2, 0, image.width // 2 + 1, image.height))).tobytes()
    return _crossing(row), _crossing(column)


def edges_of(image: Image.Image) -> tuple[float, float]:
    """Where the edges lie, as fractions of the picture, found to a part of a pixel; near the far sides, clear of each other."""
    red, green, _blue = image.convert("RGB").split()
    x, y = round(image.width * 0.95), round(image.height * 0.95)
    row = red.crop((0, y, image.width, y + 1)).tobytes()
    column = green.crop((x, 0, x + 1, image.height)).tobytes()
    return _crossing(row), _crossing(column)


def paper_shown(
    page: Page, scale: int, stage_at: str = ".stage", paper_at: str = ".cropper .edge"
) -> tuple[Image.Image, Locator]:
    """What lies inside the paper (by default the editor's), as seen on a screen of `scale` pixels a CSS pixel, without
    its outline and shadow."""
    edge = page.locator(paper_at)
    edge.evaluate("node => { node.style.stroke = node.style.filter = 'none' }")
    stage = page.locator(stage_at)
    stage.scroll_into_view_if_needed()
    seen, paper = stage.bounding_box(), edge.bounding_box()
    assert seen
    assert paper
    image = Image.open(io.BytesIO(stage.screenshot(scale="device")))
    # A screenshot begins at a whole CSS pixel, and so does a drawing, wherever its box does.
    right, lower = edge.evaluate(SNAPPED)
    left = (paper["x"] + right - math.floor(seen["x"])) * scale
    top = (paper["y"] + lower - math.floor(seen["y"])) * scale
    box = (left, top, left + paper["width"] * scale, top + paper["height"] * scale)
    return image.convert("RGB").resize((round(box[2] - box[0]), round(box[3] - box[1])), box=box), edge


def _crossing(line: bytes) -> float:
    """The first place where it gets brighter than half, between pixels' middles, as a fraction of the line."""
    dark = next(at for at, value in enumerate(line) if value < 128)  # behind a white border
    at = next(at for at, value in enumerate(line) if value >= 128 and at > dark)
    before = line[at - 1] if at else line[at]
    part = (128 - before) / (line[at] - before) if line[at] != before else 0
    return (at - 0.5 + part) / len(line)
