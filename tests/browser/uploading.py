"""Looking at uploads: what is sent, what the browser keeps, what the server has; and heavy files."""

import io
import os
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page

from tests.browser.photos import landscape

PHOTOS_URL = "**/api/v1/drafts/current/photos/"


def posts(page: Page) -> list[str]:
    """The names of files sent from now on, as they are sent."""
    sent: list[str] = []
    page.on(
        "request",
        lambda request: (
            sent.append(request.headers["x-filename"])
            if request.method == "POST" and request.url.endswith("/photos/")
            else None
        ),
    )
    return sent


def heavy(path: Path, width: int, height: int, weight: int) -> Path:
    """A JPEG made `weight` bytes long by application segments, which decoders skip."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG") if width > 5000 else landscape(width, height, 7).save(
        out, "JPEG"
    )
    path.write_bytes(padded(out.getvalue(), weight))
    return path


def padded(jpeg: bytes, weight: int) -> bytes:
    padding = bytearray()
    while len(jpeg) + len(padding) < weight:
        padding += b"\xff\xef" + (60_002).to_bytes(2, "big") + os.urandom(60_000)
    return jpeg[:2] + padding + jpeg[2:]


def file_of(route: Any) -> str:
    return str(route.request.headers["x-filename"])


KEPT = """(change) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("photos-waiting", 1);
  opening.onerror = reject;
  opening.onsuccess = () => {
    const store = opening.result.transaction("files", "readwrite").objectStore("files");
    store.getAll().onsuccess = ({ target }) => {
      for (const record of target.result) if (change) store.put({ ...record, ...change });
      opening.result.close();
      resolve(target.result.map(({ name }) => name));
    };
  };
})"""


def kept(page: Page, names: list[str]) -> None:
    """Waits until the browser's own database holds the files of these names."""
    for _try in range(100):
        if sorted(page.evaluate(KEPT)) == sorted(names):
            return
        page.wait_for_timeout(200)
    assert sorted(page.evaluate(KEPT)) == sorted(names)


def ids(page: Page) -> list[str]:
    return [photo["filename"] for photo in page.request.get("/api/v1/drafts/current/").json()["photos"]]
