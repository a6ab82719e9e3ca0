"""Results in Google's form: address components, formatted address, geometry, types."""

from typing import Any

from sandbox.geocoding.matching import Found
from sandbox.geocoding.places import Place

COUNTRIES = {
    "PT": ("Portugal", "Portugal"), "ES": ("Espanha", "Spain"), "FR": ("França", "France"), "BR": ("Brasil", "Brazil"),
    "DE": ("Alemanha", "Germany"), "CH": ("Suíça", "Switzerland"), "LU": ("Luxemburgo", "Luxembourg"),
    "GB": ("Reino Unido", "United Kingdom"),
}  # fmt: skip
SHORT = {
    "Rua ": "R. ",
    "Avenida ": "Av. ",
    "Largo ": "Lg. ",
    "Praça ": "Praça ",
    "Travessa ": "Tv. ",
    "Calçada ": "Cç. ",
}
STEP = 0.00002  # degrees between two doors


def result(found: Found, language: str) -> dict[str, Any]:
    place, number = found.place, found.number
    country = COUNTRIES[place.country][1 if language.startswith("en") else 0]
    lat, lng = place.lat, place.lng
    if number:
        lat += STEP * int("".join(filter(str.isdigit, number))) / 10
    kind = "street_address" if number else "route" if place.street else "locality"
    shape: dict[str, Any] = {
        "address_components": _components(place, number, country),
        "formatted_address": _formatted(place, number, country),
        "geometry": {
            "location": {"lat": round(lat, 7), "lng": round(lng, 7)},
            "location_type": {"street_address": "ROOFTOP", "route": "GEOMETRIC_CENTER"}.get(kind, "APPROXIMATE"),
            "viewport": {
                "northeast": {"lat": round(lat + 0.00135, 7), "lng": round(lng + 0.00135, 7)},
                "southwest": {"lat": round(lat - 0.00135, 7), "lng": round(lng - 0.00135, 7)},
            },
        },
        "place_id": place.place_id(number),
        "types": [kind, "political"] if kind == "locality" else [kind],
    }
    if found.partial:
        shape["partial_match"] = True
    return shape


def _components(place: Place, number: str, country: str) -> list[dict[str, Any]]:
    parts = [
        (number, number, ["street_number"]),
        (place.street, _short(place.street), ["route"]),
        (place.parish or place.locality, place.parish or place.locality, ["locality", "political"]),
        (place.municipality, place.municipality, ["administrative_area_level_2", "political"]),
        (place.district, place.district, ["administrative_area_level_1", "political"]),
        (country, place.country, ["country", "political"]),
        (place.postal_code, place.postal_code, ["postal_code"]),
    ]
    return [{"long_name": long, "short_name": short, "types": types} for long, short, types in parts if long]


def _formatted(place: Place, number: str, country: str) -> str:
    street = _short(place.street) if place.country == "PT" else place.street
    door = (
        f"{street} {number}".strip()
        if place.country in ("PT", "DE", "CH")
        else ", ".join(filter(None, (street, number)))
    )
    town = f"{place.postal_code} {place.parish or place.locality}".strip()
    return ", ".join(filter(None, (door, town, country)))


def _short(street: str) -> str:
    for long, short in SHORT.items():
        if street.startswith(long):
            return short + street[len(long) :]
    return street
