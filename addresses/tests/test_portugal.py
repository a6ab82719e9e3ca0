"""A4, A5: Portuguese rules that are decided before any call is paid for."""

import pytest

from addresses import portugal


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("1100-053", "1100-053"),
        (" 1100053 ", "1100-053"),
        ("1100 053", "1100-053"),
        ("1100 – 053", "1100-053"),
        ("1000-001", "1000-001"),
        ("9995-999", "9995-999"),
    ],
)
def test_a_postal_code_is_written_in_one_form(typed: str, code: str) -> None:
    assert portugal.postal_code(typed) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "28013",
        "1100",
        "1100-05",
        "1100-0533",
        "0999-100",
        "9996-001",
        "1100-000",
        "abcd-efg",
        "١١٠٠-٠٥٣",
        "1100-053 x",
    ],
)
def test_what_cannot_be_a_portuguese_postal_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="postal code"):
        portugal.postal_code(typed)


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("1100-053", "mainland"),
        ("8999-999", "mainland"),
        ("9000-001", "madeira"),
        ("9495-001", "madeira"),
        ("9500-001", "acores"),
        ("9995-001", "acores"),
    ],
)
def test_the_zone_is_read_from_the_postal_code(code: str, zone: str) -> None:
    """A5."""
    assert portugal.zone(code) == zone


def test_a_nif_needs_its_check_digit() -> None:
    assert portugal.nif("123 456 789") == "123456789"
    for wrong in ("123456788", "12345678", "1234567890", "abc", "000000000"):
        with pytest.raises(ValueError, match="NIF"):
            portugal.nif(wrong)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("912 345 678", "+351912345678"),
        ("+351 21 342 1000", "+351213421000"),
        ("+34 612 34 56 78", "+34612345678"),
        ("00351912345678", "+351912345678"),
    ],
)
def test_a_phone_number_becomes_e164(typed: str, number: str) -> None:
    assert portugal.phone(typed) == number


@pytest.mark.parametrize(
    ("number", "read"),
    [("+351912345678", "+351 912 345 678"), ("+34612345678", "+34 612 34 56 78"), ("", ""), ("lost", "lost")],
)
def test_a_phone_number_is_shown_in_groups(number: str, read: str) -> None:
    assert portugal.spaced_phone(number) == read


@pytest.mark.parametrize("typed", ["123", "+351 000 000 000", "call me", "+999 12345678"])
def test_a_number_that_cannot_exist_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="phone"):
        portugal.phone(typed)
