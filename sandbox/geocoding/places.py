"""The map: streets with their door numbers, postal codes and towns, read once from data/places.tsv."""

import base64
import csv
import hashlib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from sandbox.geocoding.text import STREET_TYPES, tokens

DATA = Path(__file__).resolve().parent.parent / "data" / "places.tsv"


@dataclass(frozen=True)
class Place:
    """One street (with a range of door numbers), or, without `street`, a town."""

    street: str
    first: int
    last: int
    postal_code: str
    locality: str
    parish: str
    municipality: str
    district: str
    country: str  # ISO code
    lat: float
    lng: float

    def place_id(self, number: str = "") -> str:
        text = f"{self.street}|{number}|{self.postal_code}|{self.locality}|{self.parish}|{self.country}"
        return "ChIJ" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:17]).decode()[:23]

    def names(self) -> set[tuple[str, ...]]:
        """Every name of the town that may stand in an address."""
        return {tuple(tokens(name)) for name in (self.locality, self.parish, self.municipality) if name}


@cache
def streets() -> tuple[Place, ...]:
    kinds = {field.name: field.type for field in fields(Place)}
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    converters = {int: int, float: float, str: str}
    return tuple(Place(**{name: converters[kinds[name]](row[name]) for name in kinds}) for row in rows)  # type: ignore[index]  # each column has its converter


@cache
def by_street() -> dict[tuple[str, ...], list[Place]]:
    """Streets by the words of their full name."""
    index: dict[tuple[str, ...], list[Place]] = {}
    for place in streets():
        index.setdefault(tuple(tokens(place.street)), []).append(place)
    return index


@cache
def by_bare_street() -> dict[tuple[str, ...], list[Place]]:
    """Streets by their name without "rua", "avenida" and the like."""
    index: dict[tuple[str, ...], list[Place]] = {}
    for name, places in by_street().items():
        if name[0] in STREET_TYPES and len(name) > 1:
            index.setdefault(name[1:], []).extend(places)
    return index


@cache
def by_town() -> dict[tuple[str, ...], list[Place]]:
    """Streets by the words of their town's names."""
    index: dict[tuple[str, ...], list[Place]] = {}
    for place in streets():
        for name in place.names():
            index.setdefault(name, []).append(place)
    return index


def town_of(place: Place) -> Place:
    """The town itself, for an address of which only the town is known."""
    return Place(
        "", 0, 0, "", place.locality, "", place.municipality, place.district, place.country, place.lat, place.lng
    )
