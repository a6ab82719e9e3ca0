"""Portuguese rules that need nobody outside: postal codes, zones, NIF, phone numbers (A4, A5)."""

import re
from typing import Literal

import phonenumbers
from stdnum.exceptions import ValidationError as NumberError
from stdnum.pt import nif as nif_number

Zone = Literal["mainland", "madeira", "acores"]

_POSTAL_CODE = re.compile(r"([0-9]{4})\s*[-–— ]?\s*([0-9]{3})")
LOWEST, HIGHEST = 1000, 9995  # the first four digits in use
MADEIRA = range(9000, 9496)
ACORES = range(9500, 9996)


def postal_code(text: str) -> str:
    """The postal code as NNNN-NNN; raises ValueError when it has another form or no such place can exist."""
    match = _POSTAL_CODE.fullmatch(text.strip())
    if match is None:
        raise ValueError("a postal code has the form NNNN-NNN")
    area, street = match.groups()
    if not LOWEST <= int(area) <= HIGHEST or street == "000":
        raise ValueError("no postal code has this number")
    return f"{area}-{street}"


def zone(code: str) -> Zone:
    """Where a postal code lies, which decides what posting costs (A5)."""
    area = int(postal_code(code)[:4])
    if area in MADEIRA:
        return "madeira"
    return "acores" if area in ACORES else "mainland"


def nif(text: str) -> str:
    """The tax number's nine digits; raises ValueError when its check digit is wrong."""
    try:
        return str(nif_number.validate(text))
    except NumberError as error:
        raise ValueError("not a NIF") from error


def phone(text: str) -> str:
    """The number in E.164, read as Portuguese unless it begins with a country code; ValueError when it cannot exist."""
    try:
        number = phonenumbers.parse(text, "PT")
    except phonenumbers.NumberParseException as error:
        raise ValueError("not a phone number") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no such phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spaced_phone(number: str) -> str:
    """A number in E.164 as people read it, "+351 912 345 678"; anything else as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number
