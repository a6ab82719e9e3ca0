"""The names under which an order's files are stored are plain, whatever the customer's file is called (U10)."""

import datetime
import re

import pytest

from orders import storage_keys
from orders.models import Order, OrderItem, OrderPhoto

ORIGINAL = re.compile(r"orders/\d{4}/\d\d/\d\d/PO-\w+/originals/\d{3}_[a-z0-9-]{1,40}\.[a-z]+", re.ASCII)
PRINT = re.compile(
    r"orders/\d{4}/\d\d/\d\d/PO-\w+/prints/[\dx.]+_[a-z0-9-]{1,40}/"
    r"PO-\w+_[\dx.]+_[a-z0-9-]{1,40}_\d+x_\d{3}_[a-z0-9-]{1,40}\.jpg",
    re.ASCII,
)
NAMES = {
    "IMG_1234.JPG": "img-1234",
    "férias & praia.jpg": "ferias-praia",
    "../../etc/passwd": "passwd",
    "..\\..\\windows\\férias.png": "ferias",
    "/etc/cron.d/x.jpg": "x",
    "a/": "photo",
    "..": "photo",
    "": "photo",
    ".hidden": "hidden",
    "...a.jpg": "a",
    "%2e%2e%2fx.jpg": "2e-2e-2fx",
    "photo?size=1#top&a=b.jpg": "photo-size-1-top-a-b",
    "a'b\"c`d$(rm).jpg": "a-b-c-d-rm",
    "<script>.jpg": "script",
    "a\x00b\r\nc\x1bd\x7f.jpg": "a-b-c-d",
    "a\u202egpj.exe": "agpj",
    "\u200b\u2060.jpg": "photo",
    "👩‍👩‍👧🏖️.png": "woman-woman-girl-beach",
    "写真 (1).HEIC": "xiezhen-1",
    "Ёлка.tif": "elka",
    "é" * 296 + ".jpg": "e" * 40,
    "x" * 39 + " y.jpg": "x" * 39,
    "." * 300: "photo",
}


def keys(filename: str, content_type: str = "image/jpeg", finish: str = "glossy") -> tuple[str, str, str]:
    """The keys of a photo's original, thumbnail and print."""
    order = Order(number="PO-ABCDEFGHJK", paid_at=datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC))
    photo = OrderPhoto(order=order, seq=7, filename=filename, content_type=content_type)
    item = OrderItem(pk=1, order=order, photo=photo, width_mm=100, height_mm=150, finish_code=finish, quantity=3)
    return (
        storage_keys.original(order, photo),
        storage_keys.thumbnail(order, photo),
        storage_keys.prints(order, [item])[1],
    )


@pytest.mark.parametrize("filename", NAMES, ids=ascii)
def test_a_stored_name_is_plain_whatever_the_file_is_called(filename: str) -> None:
    """U10: path tricks, quotes, control characters, emoji, any script, 300 characters."""
    original, thumbnail, print_file = keys(filename)
    assert ORIGINAL.fullmatch(original)
    assert PRINT.fullmatch(print_file)
    folder, name = "orders/2026/03/04/PO-ABCDEFGHJK", f"007_{NAMES[filename]}"
    assert original == f"{folder}/originals/{name}.jpg"
    assert thumbnail == f"{folder}/thumbnails/{name}.jpg"
    assert print_file == f"{folder}/prints/10x15_glossy/PO-ABCDEFGHJK_10x15_glossy_3x_{name}.jpg"


@pytest.mark.parametrize("filename", ["عائلة.jpg", "ครอบครัว.jpg", "परिवार.heic", "가족.png", "משפחה.tif", "家" * 300])
def test_a_name_in_any_script_is_transliterated(filename: str) -> None:
    """U10: letters are left of it, not the word for a name that has none."""
    original, _thumbnail, print_file = keys(filename)
    assert ORIGINAL.fullmatch(original)
    assert PRINT.fullmatch(print_file)
    assert "_photo." not in original


@pytest.mark.parametrize(
    ("content_type", "ending"), [("image/heic", "heic"), ("image/tiff", "tif"), ("../../x", "bin"), ("", "bin")]
)
def test_the_ending_is_the_types_not_the_names(content_type: str, ending: str) -> None:
    """U1: what the bytes are decides."""
    assert keys("virus.exe", content_type)[0].endswith(f"/007_virus.{ending}")


def test_a_finish_with_a_code_of_any_kind_makes_a_plain_folder() -> None:
    print_file = keys("a.jpg", finish="../Pérola & mate")[2]
    assert PRINT.fullmatch(print_file)
    assert "/prints/10x15_perola-mate/PO-ABCDEFGHJK_10x15_perola-mate_3x_007_a.jpg" in print_file
