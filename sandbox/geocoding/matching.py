"""Finds the places that an address may mean, as Google would: exact, several, partial, or none."""

import difflib
import re
from dataclasses import dataclass

from sandbox.geocoding.places import Place, by_bare_street, by_street, by_town, streets, town_of
from sandbox.geocoding.text import find_run, tokens, without_details

MOST = 8  # results of one answer
ALIKE = 0.84  # how alike a misspelt street must be
COUNTRIES = {
    "portugal": "PT", "espana": "ES", "espanha": "ES", "spain": "ES", "franca": "FR", "france": "FR", "brasil": "BR",
    "brazil": "BR", "alemanha": "DE", "germany": "DE", "suica": "CH", "switzerland": "CH", "luxemburgo": "LU",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    place: Place
    number: str = ""
    partial: bool = False


@dataclass(frozen=True)
class Query:
    address: str
    region: str = ""  # country code that is preferred
    country: str = ""  # components=country:…
    postal_code: str = ""
    locality: str = ""


def search(query: Query) -> list[Found]:
    text = without_details(query.address)
    match = re.search(r"\b(\d{4})\s*-\s*(\d{3})\b", text)
    postal_code = query.postal_code or (f"{match[1]}-{match[2]}" if match else "")
    words = tokens(re.sub(r"\b\d{4}\s*-\s*\d{3}\b", " ", text) + " " + query.locality)
    countries = set()
    while len(words) > 1 and words[-1] in COUNTRIES:
        countries.add(COUNTRIES[words.pop()])
    name, candidates, sure = _streets(words)
    if not candidates:
        return _without_street(words, postal_code, query)
    at = find_run(words, name)
    number = next((word for word in words[at + len(name) :] if re.fullmatch(r"\d{1,4}[a-z]?", word)), "")
    rest = words[:at] + words[at + len(name) :]
    town = _town(rest)
    if town:
        here = [place for place in candidates if town in place.names()]
        if not here:
            return _misspelt(words, town, number) or _town_only(town, query)
        candidates = here
    elif any(len(word) > 3 and not word.isdigit() for word in rest):
        sure = False  # a town that the map does not know
    return _narrowed(candidates, countries, postal_code, number, sure, query)


def _streets(words: list[str]) -> tuple[tuple[str, ...], list[Place], bool]:
    """The longest run of words that is a street's name; False when its type (rua, avenida) was missing."""
    for index, sure in ((by_street(), True), (by_bare_street(), False)):
        names = [name for name in index if find_run(words, name) >= 0 and (sure or find_run(words, name) == 0)]
        if names:
            name = max(names, key=len)
            return name, index[name], sure
    return (), [], False


def _town(words: list[str]) -> tuple[str, ...]:
    names = [name for name in by_town() if find_run(words, name) >= 0]
    return max(names, key=len, default=())


def _narrowed(
    candidates: list[Place], countries: set[str], postal_code: str, number: str, sure: bool, query: Query
) -> list[Found]:
    allowed = [place for place in candidates if not query.country or place.country == query.country]
    for preferred in (countries, {query.region.upper()}):
        allowed = [place for place in allowed if place.country in preferred] or allowed
    exact = [place for place in allowed if place.postal_code == postal_code]
    if query.postal_code and not exact:
        return []
    moved = bool(postal_code) and not exact
    found = []
    for place in exact or allowed:
        known = not number or place.first <= int(re.sub(r"\D", "", number)) <= place.last
        found.append(Found(place, number if known else "", not sure or not known or (moved and place.country == "PT")))
    return found[:MOST]


def _without_street(words: list[str], postal_code: str, query: Query) -> list[Found]:
    town = _town(words)
    if town:
        number = next((word for word in words if re.fullmatch(r"\d{1,4}[a-z]?", word)), "")
        return _misspelt(words, town, number) or _town_only(town, query, alone=len(words) == len(town))
    coded = [place for place in streets() if postal_code and place.postal_code == postal_code]
    if coded and not words:
        return [Found(place) for place in coded if not query.country or place.country == query.country]
    return []


def _misspelt(words: list[str], town: tuple[str, ...], number: str) -> list[Found]:
    """Streets of that town whose name is nearly what was written: shown as partial matches."""
    at = find_run(words, town)
    written = " ".join(word for word in words[:at] + words[at + len(town) :] if not word.isdigit())
    names = {" ".join(tokens(place.street)): place for place in by_town()[town]}
    close = difflib.get_close_matches(written, names, n=2, cutoff=ALIKE)
    return [Found(names[name], number, partial=True) for name in close]


def _town_only(town: tuple[str, ...], query: Query, alone: bool = False) -> list[Found]:
    towns = {(place.locality, place.municipality, place.country): place for place in by_town()[town]}
    fitting = [place for place in towns.values() if not query.country or place.country == query.country]
    return [Found(town_of(place), partial=not alone) for place in fitting[:MOST]]
