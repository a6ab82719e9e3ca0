"""Where an order goes: the fields a customer fills in, cleaned, and the verdict on the address (A1–A5)."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from addresses import portugal
from addresses import services as addresses
from orders.models import Order, ShopSettings
from orders.problems import FieldError, Invalid

# The longest each field may be, in characters: the columns of Order.
LENGTHS = {
    "name": 120,
    "email": 254,
    "phone": 40,
    "street": 160,
    "extra": 80,
    "postal_code": 20,
    "city": 80,
    "nif": 20,
    "language": 10,
    "note": 1000,
}
REQUIRED = {"post": ("name", "email", "street", "postal_code", "city"), "pickup": ("name", "email")}
ADDRESS_FIELDS = ("street", "extra", "postal_code", "city")
DOOR = re.compile(r"(\d+[ ]?[A-Za-z]?)$")  # a house number at the end: "12", "12 A"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
PROBLEMS = {
    "required": _("Please fill in this field."),
    "too_long": _("This is too long: at most {limit} characters."),
    "invalid": _("Please enter text."),
    "invalid_email": _("Please enter an email address like name@example.com."),
    "invalid_postal_code": _("A Portuguese postal code has seven digits, like 1100-053."),
    "invalid_nif": _("A NIF has nine digits, and the last one checks the others. Please check it."),
    "invalid_phone": _("Please enter a phone number like 912 345 678, or with its country code: +351 912 345 678."),
    "invalid_choice": _("Please choose one of the options."),
    "no_pickup": _("Pickup in the studio is not possible at the moment."),
}


def typed(fields: Mapping[str, object]) -> dict[str, str]:
    """The fields as far as they are text, unchecked and cut at their lengths, for a form that comes back; empty where
    nothing but a language was typed."""
    kept = {name: _text(name, fields.get(name), limit, {}) for name, limit in LENGTHS.items()}
    if not any(text for name, text in kept.items() if name != "language"):
        return {}
    return {"method": _method(fields.get("method"), {})} | kept


def clean(fields: Mapping[str, object]) -> dict[str, str]:
    """The delivery's fields, checked without asking anybody outside (A4); raises Invalid with an error a field."""
    errors: dict[str, list[FieldError]] = {}
    cleaned = {"method": _method(fields.get("method"), errors)}
    for name, limit in LENGTHS.items():
        cleaned[name] = _text(name, fields.get(name), limit, errors)
    required = REQUIRED.get(cleaned["method"], ())
    if cleaned["method"] == Order.Method.PICKUP:
        cleaned |= dict.fromkeys(ADDRESS_FIELDS, "")  # A5: pickup needs no address, and so none is kept
        errors = {name: found for name, found in errors.items() if name not in ADDRESS_FIELDS}
    for name in required:
        if not cleaned[name] and name not in errors:
            errors[name] = [_error("required")]
    _clean_formats(cleaned, errors)
    if errors:
        raise Invalid(errors)
    return cleaned


def judge(
    cleaned: dict[str, str],
    *,
    keep: bool = False,
    use_suggestion: bool = False,
    place_id: str = "",
    asking: addresses.Asking = contextlib.nullcontext,
) -> tuple[dict[str, str], dict[str, Any]]:
    """The delivery and the verdict on its address, `{kind, formatted_address, place_id, suggestion, zone, confirmed, flagged}`.

    A partial match is `suggested` and not yet `confirmed`: the customer confirms by `keep` (the owner sees it flagged) or
    by `use_suggestion`, which writes the suggestion into the delivery. `place_id` picks one of several candidates.
    Raises addresses' errors.
    """
    if cleaned["method"] == Order.Method.PICKUP:
        return cleaned, {
            "kind": "confirmed",
            "formatted_address": "",
            "place_id": "",
            "suggestion": None,
            "zone": "",
            "confirmed": True,
            "flagged": False,
        }
    found = addresses.validate(
        cleaned["street"],
        cleaned["extra"],
        cleaned["postal_code"],
        cleaned["city"],
        place_id=place_id,
        asking=asking,
    )
    accepted = use_suggestion and found.suggestion is not None
    if accepted and found.suggestion is not None:
        cleaned = _as_suggested(cleaned, found.suggestion)
    return cleaned, {
        "kind": "confirmed" if accepted else found.kind,
        "formatted_address": found.formatted_address,
        "place_id": found.place_id,
        "suggestion": None if accepted else found.suggestion,
        "zone": portugal.zone(cleaned["postal_code"]),
        "confirmed": found.kind == "confirmed" or keep or accepted,
        "flagged": found.flagged or (keep and found.kind == "suggested" and not accepted),
    }


def _as_suggested(cleaned: dict[str, str], suggestion: addresses.Suggestion) -> dict[str, str]:
    """What Google knows better. A postal code of four digits, as it gives for some villages, is not better, nor is a
    street without the door: where the map does not know the number, the one that the customer typed stays."""
    result = dict(cleaned)
    street, door = suggestion["street"] or cleaned["street"], DOOR.search(cleaned["street"])
    if door and not DOOR.search(street):
        street = f"{street} {door.group(1)}"
    result["street"] = street[: LENGTHS["street"]]
    result["city"] = suggestion["city"][: LENGTHS["city"]] or cleaned["city"]
    with contextlib.suppress(ValueError):
        result["postal_code"] = portugal.postal_code(suggestion["postal_code"])
    return result


def _method(value: object, errors: dict[str, list[FieldError]]) -> str:
    if value not in Order.Method.values:
        errors["method"] = [_error("required" if value in (None, "") else "invalid_choice")]
        return ""
    if value == Order.Method.PICKUP and not ShopSettings.load().pickup_enabled:
        errors["method"] = [_error("no_pickup")]
    return str(value)


def _text(name: str, value: object, limit: int, errors: dict[str, list[FieldError]]) -> str:
    """The value trimmed, its runs of spaces made one (the note keeps its lines); control characters are dropped."""
    if value is None:
        return ""
    if not isinstance(value, str) or not _encodable(value):
        errors[name] = [_error("invalid")]
        return ""
    value = CONTROL.sub("", value.replace("\r\n", "\n"))
    text = value.strip() if name == "note" else " ".join(value.split())
    if len(text) > limit:
        errors[name] = [FieldError("too_long", str(PROBLEMS["too_long"]).format(limit=limit))]
    return text[:limit]


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can carry and PostgreSQL cannot
        return False
    return True


def _clean_formats(cleaned: dict[str, str], errors: dict[str, list[FieldError]]) -> None:
    checks = {"postal_code": portugal.postal_code, "nif": portugal.nif, "phone": portugal.phone, "email": _email}
    for name, check in checks.items():
        if not cleaned[name] or name in errors:
            continue
        try:
            cleaned[name] = check(cleaned[name])
        except ValueError:
            errors[name] = [_error(f"invalid_{name}")]
    cleaned["language"] = cleaned["language"].lower()[:2] or (translation.get_language() or "pt")[:2]
    if cleaned["language"] not in dict(settings.LANGUAGES):
        errors["language"] = [_error("invalid_choice")]


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError as error:
        raise ValueError(value) from error
    value.rpartition("@")[2].encode("idna")  # UnicodeError, a ValueError: no mail would ever reach such a domain
    return value


def _error(code: str) -> FieldError:
    return FieldError(code, PROBLEMS[code])
