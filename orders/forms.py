"""The delivery form: what each field is called and how a browser may help with it. orders.delivery does the checking."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from orders.delivery import LENGTHS


@dataclasses.dataclass
class Field:
    """A field as a template shows it. `span` is its width in the form's grid: "", "half", "third" or "two-thirds"."""

    name: str
    label: StrOrPromise
    kind: str = "text"
    autocomplete: str = "off"
    span: str = ""
    hint: StrOrPromise = ""
    inputmode: str = ""
    optional: bool = False
    value: str = ""
    error: str = ""

    @property
    def described_by(self) -> str:
        """The ids of hint and error, for screen readers."""
        ids = [f"hint-{self.name}"] * bool(self.hint) + [f"error-{self.name}"] * bool(self.error)
        return " ".join(ids)

    @property
    def limit(self) -> int:
        return LENGTHS[self.name]


WHO = (
    Field("name", _("Name"), autocomplete="name"),
    Field(
        "email", _("Email"), "email", "email", "half", _("For the confirmation and the link to your order."), "email"
    ),
    Field(
        "phone", _("Phone"), "tel", "tel", "half", _("For the carrier, if it cannot find you."), "tel", optional=True
    ),
)
WHERE = (
    Field("street", _("Street"), autocomplete="address-line1", span="two-thirds"),
    Field("door", _("Door number"), span="third", hint=_("Or lot, such as Lote 3"), optional=True),
    Field("extra", _("Floor, flat"), autocomplete="address-line2", optional=True),
    Field(
        "postal_code",
        _("Postal code"),
        autocomplete="postal-code",
        span="third",
        inputmode="numeric",
        hint=_("For example: 1100-053"),
    ),
    Field("city", _("City"), autocomplete="address-level2", span="two-thirds"),
)
ALSO = (
    Field("nif", _("NIF"), span="half", inputmode="numeric", hint=_("If the invoice should carry it."), optional=True),
    Field("note", _("A note to the studio"), "textarea", optional=True),
)


# A door at a line's end: "12", "12 A", "12-14", "n.º 3", "Lote 7"
_DOOR = re.compile(r"^(.*?[^\s,])[,\s]+((?:(?:lote|lt\.?|n\.?\s?º)\s?)?\d+(?:\s?[a-z])?(?:[-/]\d+)?)$", re.IGNORECASE)


def street_line(street: str, door: str) -> str:
    """Street and door as one line, as the contract's `street` and every envelope have it; empty without a street. A door
    that stands at the street's end already is not written twice."""
    street, door = street.strip(), door.strip()
    return street if not street or street.endswith(f" {door}") else f"{street} {door}".strip()


def parted(values: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """The values with street and door apart: as they were typed, else as the stored line shows them."""
    if "door" in typed:
        return {**values, "street": typed.get("street", ""), "door": typed["door"]}
    line = str(values.get("street") or "")
    found = _DOOR.match(line)
    return {**values, "street": found[1], "door": found[2]} if found else {**values, "door": ""}


def filled(fields: Sequence[Field], values: Mapping[str, object], errors: Mapping[str, Sequence[str]]) -> list[Field]:
    """The fields with what was typed and what is wrong with it."""
    return [
        dataclasses.replace(field, value=str(values.get(field.name) or ""), error=" ".join(errors.get(field.name, ())))
        for field in fields
    ]
