"""File names are shown as given, whatever they are (U10)."""

import pytest

from uploads.filenames import display_name


@pytest.mark.parametrize(
    "name", ["férias.jpg", "写真 (1).HEIC", "👩‍👩‍👧.png", "a'b\"c.jpg", "../../x.jpg", "C:\\x.jpg", ".hidden"]
)
def test_a_name_is_shown_as_given(name: str) -> None:
    assert display_name(name) == name


@pytest.mark.parametrize(
    ("raw", "shown"), [("", "photo"), ("  ", "photo"), ("a\x00b\nc.jpg", "abc.jpg"), ("a\u202egpj.exe", "agpj.exe")]
)
def test_what_cannot_be_shown_is_left_out(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


def test_a_name_of_three_hundred_characters_is_kept_and_a_longer_one_cut_before_its_ending() -> None:
    exactly = "é" * 296 + ".jpg"
    assert display_name(exactly) == exactly
    longer = display_name("é" * 400 + ".jpg")
    assert len(longer) == 300
    assert longer.endswith("….jpg")


def test_lone_surrogates_do_no_harm() -> None:
    assert display_name("a\udc80b.jpg").encode()
