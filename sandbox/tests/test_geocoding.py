"""The geocoder, driven with the real googlemaps client."""

from collections.abc import Callable
from typing import Any

import googlemaps
import pytest

from sandbox.geocoding.matching import Found, Query, search
from sandbox.geocoding.places import streets
from sandbox.running import Sandbox


@pytest.fixture
def maps(sandbox: Sandbox) -> googlemaps.Client:
    return googlemaps.Client("AIzaSandbox", base_url=sandbox.options.base_url, timeout=5, retry_timeout=1)


def component(result: dict[str, Any], kind: str) -> str:
    return next((part["short_name"] for part in result["address_components"] if kind in part["types"]), "")


@pytest.mark.parametrize(
    "written",
    [
        "Rua Augusta 100, 1100-053 Lisboa, Portugal",
        "rua  AUGUSTA 100,1100-053 lisboa",
        "R. Augusta, n.º 100, 3.º Esq., 1100-053 Lisboa",
        "Rua Augusta 100 r/c Dto, 1100-053 LISBOA",
        "RUA AUGUSTA 100, 2º andar, Lisboa",
    ],
)
def test_rua_augusta_100_is_exactly_one_place_however_it_is_written(maps: googlemaps.Client, written: str) -> None:
    """A1, A2: case, accents, spaces and floor change nothing."""
    results = maps.geocode(written, region="pt", language="pt")
    assert [result["formatted_address"] for result in results] == ["R. Augusta 100, 1100-053 Lisboa, Portugal"]
    assert "partial_match" not in results[0]
    assert results[0]["geometry"]["location_type"] == "ROOFTOP"
    assert (component(results[0], "country"), component(results[0], "postal_code")) == ("PT", "1100-053")


@pytest.mark.parametrize("postal_code", ["28013", "1100-053", ""])
def test_calle_mayor_in_madrid_is_in_spain_whatever_the_postal_code(maps: googlemaps.Client, postal_code: str) -> None:
    for country in ("", ", Portugal"):
        results = maps.geocode(f"Calle Mayor 1, {postal_code} Madrid{country}", region="pt", language="pt")
        assert [component(result, "country") for result in results] == ["ES"]
        assert results[0]["formatted_address"].endswith("Espanha")


@pytest.mark.parametrize(("written", "country"), [("Rue de Rivoli 10, Paris", "FR"), ("Rúa do Príncipe 5, Vigo", "ES"),
                                                  ("Calle Menacho 3, 06001 Badajoz", "ES")])  # fmt: skip
def test_foreign_places_are_known(maps: googlemaps.Client, written: str, country: str) -> None:
    assert {component(result, "country") for result in maps.geocode(written, region="pt")} == {country}


def test_a_street_name_without_its_town_is_ambiguous(maps: googlemaps.Client) -> None:
    results = maps.geocode("Rua Direita 10", region="pt")
    assert len(results) > 1
    assert {component(result, "country") for result in results} == {"PT"}


def test_a_name_used_twice_in_one_town_is_ambiguous_until_the_postal_code_decides(maps: googlemaps.Client) -> None:
    assert len(maps.geocode("Rua da Escola Primária 5, Sintra")) == 3
    results = maps.geocode("Rua da Escola Primária 5, 2635-417 Sintra")
    assert [component(result, "locality") for result in results] == ["Rio de Mouro"]


@pytest.mark.parametrize(
    "written",
    [
        "Rua Augsuta 100, Lisboa",  # misspelt
        "Rua Augusta 5000, 1100-053 Lisboa",  # no such door
        "Rua Augusta 100, 1000-999 Lisboa",  # the postal code of another street
    ],
)
def test_what_fits_only_in_part_is_marked_as_partial(maps: googlemaps.Client, written: str) -> None:
    results = maps.geocode(written, region="pt")
    assert [result.get("partial_match") for result in results] == [True]
    assert component(results[0], "route") == "R. Augusta"


def test_a_known_town_with_an_unknown_street_gives_the_town_in_part(maps: googlemaps.Client) -> None:
    results = maps.geocode("Rua Xpto Zyx 5, Braga", region="pt")
    assert [(result["types"], result["partial_match"]) for result in results] == [(["locality", "political"], True)]


def test_what_nobody_knows_gives_no_results(maps: googlemaps.Client) -> None:
    assert maps.geocode("Rua Inexistente 9999, Terra do Nunca") == []
    assert maps.geocode("Rua Augusta 100, 1100-053 Lisboa", components={"country": "ES"}) == []


def test_every_street_of_the_map_is_found_by_its_own_address() -> None:
    lost = []
    for place in streets():
        town = place.parish or place.locality
        found = search(Query(f"{place.street} {place.last}, {place.postal_code} {town}", region="pt"))
        if found != [Found(place, str(place.last))]:
            lost.append(f"{place.street}, {town}: {len(found)}")
    assert lost == []


def test_the_map_covers_districts_and_islands() -> None:
    portuguese = [place for place in streets() if place.country == "PT"]
    assert len(portuguese) > 400
    assert len({place.district for place in portuguese}) == 20
    codes = {int(place.postal_code[:4]) for place in portuguese}
    assert {9000, 9400, 9500, 9700, 9900, 9980} <= codes


@pytest.mark.parametrize(
    ("mode", "status"), [("denied", "REQUEST_DENIED"), ("invalid", "INVALID_REQUEST"), ("unknown", "UNKNOWN_ERROR")]
)
def test_bad_days_on_request(maps: googlemaps.Client, control: Callable[..., Any], mode: str, status: str) -> None:
    control("faults", geocoding=mode)
    with pytest.raises(googlemaps.exceptions.ApiError) as refused:
        maps.geocode("Rua Augusta 100, Lisboa")
    assert refused.value.status == status


def test_a_key_that_is_not_googles_is_denied(sandbox: Sandbox) -> None:
    client = googlemaps.Client("AIzaSandbox", base_url=sandbox.options.base_url)
    client.key = "sk_wrong"
    with pytest.raises(googlemaps.exceptions.ApiError, match="REQUEST_DENIED"):
        client.geocode("Rua Augusta 100, Lisboa")
