"""The delivery page's ways through an unclear address, and how many queries the pages of a purchase take (A1)."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from addresses.tests.conftest import Google, place
from orders import catalogue, drafts, forms
from orders.drafts import Draft
from orders.problems import Invalid
from orders.tests import visitors

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def price_list() -> None:
    catalogue.install_default_catalogue()


def with_prints(client: Client, prints: int) -> Draft:
    draft = visitors.draft_of(client)
    return drafts.set_items(draft, [visitors.row(visitors.photo(draft)) for _each in range(prints)])


def offered(answer: Any) -> list[dict[str, str]]:
    return [
        json.loads(unescape(value))
        for value in re.findall(r'name="candidate" value="([^"]+)"', answer.content.decode())
    ]


def test_the_candidate_that_was_chosen_is_the_one_that_is_kept(client: Client, google_server: Google) -> None:
    """A1: also where the same street exists twice and only the place's id tells them apart."""
    draft = with_prints(client, 1)
    google_server.finds(place(place_id="first", city="Mem Martins"), place(place_id="second", city="Rio de Mouro"))
    answer = client.post("/delivery/", visitors.POST)
    assert answer.status_code == 422
    choices = offered(answer)
    assert [choice["place_id"] for choice in choices] == ["first", "second"]
    assert not re.search(r'name="candidate"[^>]*checked', answer.content.decode())  # nobody's prints go to a guess
    assert (drafts.get(draft.id) or draft).address is None
    answer = client.post("/delivery/", visitors.POST | {"choose": "1", "candidate": json.dumps(choices[1])})
    assert answer.headers["Location"] == "/review/"
    kept = drafts.get(draft.id)
    assert kept
    assert kept.address
    assert kept.delivery
    assert (kept.address["place_id"], kept.delivery["city"]) == ("second", "Rio de Mouro")


def test_a_candidate_without_a_whole_postal_code_keeps_the_one_that_was_typed(
    client: Client,
    google_server: Google,
) -> None:
    draft = with_prints(client, 1)
    google_server.finds(place(place_id="a", postal_code="1100"), place(place_id="b", postal_code="1100"))
    choice = offered(client.post("/delivery/", visitors.POST))[0]
    assert (
        client.post("/delivery/", visitors.POST | {"choose": "1", "candidate": json.dumps(choice)}).status_code == 302
    )
    kept = drafts.get(draft.id)
    assert kept
    assert kept.delivery
    assert kept.delivery["postal_code"] == visitors.POST["postal_code"]


@pytest.mark.parametrize("candidate", ["", "[]", "{}", '"x"', "{"])
def test_a_forged_choice_changes_nothing(client: Client, google_server: Google, candidate: str) -> None:
    draft = with_prints(client, 1)
    google_server.finds(place(place_id="a"), place(place_id="b"))
    answer = client.post("/delivery/", visitors.POST | {"choose": "1", "candidate": candidate})
    assert answer.status_code == 422
    assert len(offered(answer)) == 2
    assert (drafts.get(draft.id) or draft).address is None


@pytest.mark.parametrize(("path", "most"), [("/", 12), ("/delivery/", 8), ("/review/", 12)])
def test_a_page_takes_as_many_queries_for_twenty_prints_as_for_one(path: str, most: int) -> None:
    counts = []
    for prints in (1, 20):
        client = visitors.Browser()
        drafts.set_delivery(with_prints(client, prints), visitors.PICKUP)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= most


@pytest.mark.parametrize(
    ("line", "street", "door"),
    [
        ("Rua Augusta 100", "Rua Augusta", "100"),
        ("Rua Augusta, 100", "Rua Augusta", "100"),
        ("Rua da Paz 12 A", "Rua da Paz", "12 A"),
        ("Urbanização Sol Lote 7", "Urbanização Sol", "Lote 7"),
        ("Rua 25 de Abril n.º 3", "Rua 25 de Abril", "n.º 3"),
        ("Rua da Paz 12-14", "Rua da Paz", "12-14"),
        ("Rua 25 de Abril", "Rua 25 de Abril", ""),
        ("Quinta do Vale", "Quinta do Vale", ""),
        ("100", "100", ""),
        ("", "", ""),
    ],
)
def test_street_and_door_stand_apart_in_the_form_and_together_on_the_envelope(
    line: str, street: str, door: str
) -> None:
    shown = forms.parted({"street": line}, {})
    assert (shown["street"], shown["door"]) == (street, door)
    assert forms.street_line(street, door) == line.replace(",", "")


def test_the_door_goes_to_the_map_and_into_the_order_with_its_street(client: Client, google_server: Google) -> None:
    """A1: the API's field stays one line; the form shows it in two, as typed where something was wrong."""
    google_server.finds(place())
    draft = with_prints(client, 1)
    typed = visitors.POST | {"street": "Rua Augusta", "door": "100"}
    again = client.post("/delivery/", typed | {"email": "no address"}).content.decode()
    assert '<input id="id_street" name="street" type="text" value="Rua Augusta"' in again
    assert '<input id="id_door" name="door" type="text" value="100"' in again
    assert (drafts.get(draft.id) or draft).delivery is None
    assert client.post("/delivery/", typed).headers["Location"] == "/review/"
    kept = (drafts.get(draft.id) or draft).delivery
    assert kept
    assert kept["street"] == "Rua Augusta 100"
    assert "door" not in kept
    assert google_server.queries[-1].startswith("Rua Augusta 100")
    page = client.get("/delivery/").content.decode()
    assert 'name="street" type="text" value="Rua Augusta"' in page
    assert 'name="door" type="text" value="100"' in page


def test_a_door_that_the_street_ends_with_is_not_written_twice() -> None:
    """Browsers fill in the whole line where they know it."""
    assert forms.street_line("Rua Augusta 100", "100") == "Rua Augusta 100"
    assert forms.street_line("Rua Augusta 100", "") == "Rua Augusta 100"
    assert forms.street_line("Rua Augusta 100", "00") == "Rua Augusta 100 00"


def test_a_door_without_its_street_is_no_address(client: Client, google_server: Google) -> None:
    draft = with_prints(client, 1)
    answer = client.post("/delivery/", visitors.POST | {"street": " ", "door": "100"})
    assert answer.status_code == 422
    assert 'id="error-street"' in answer.content.decode()
    assert google_server.queries == []
    assert (drafts.get(draft.id) or draft).delivery is None


def test_what_was_typed_with_a_mistake_is_there_after_a_look_at_another_page(
    client: Client, google_server: Google
) -> None:
    """U5, A4: also when the page is opened in the other language; it is no address to pay with."""
    draft = with_prints(client, 1)
    wrong = {"street": "Rua Augusta", "door": "100", "nif": "123456788", "name": "x" * 130}
    assert client.post("/delivery/", visitors.POST | wrong).status_code == 422
    page = client.get("/delivery/").content.decode()
    shown = {"name": "x" * 120, "email": visitors.POST["email"], "street": "Rua Augusta", "door": "100"}
    for name, value in (shown | {"nif": "123456788"}).items():
        assert re.search(rf'<input id="id_{name}" name="{name}"[^>]* value="{value}"', page), name
    kept = drafts.get(draft.id)
    assert kept
    assert (kept.delivery, kept.address) == (None, None)
    assert google_server.queries == []
    assert client.get("/review/").headers["Location"] == "/delivery/"


@pytest.mark.parametrize("body", [{}, {"method": "post"}, {"name": 5, "street": ["x"], "method": ["post"]}])
def test_a_body_without_an_address_does_not_hide_the_one_that_was_given(
    client: Client, body: dict[str, object]
) -> None:
    draft = drafts.set_delivery(with_prints(client, 1), visitors.PICKUP)
    with pytest.raises(Invalid):
        drafts.set_delivery(draft, body)
    kept = drafts.get(draft.id)
    assert kept
    assert (kept.delivery, kept.typed) == (draft.delivery, None)
    assert 'value="maria@example.test"' in client.get("/delivery/").content.decode()


@pytest.mark.parametrize("button", ["keep", "use_suggestion"])
def test_one_of_several_that_match_only_partly_is_chosen_and_confirmed(
    client: Client, google_server: Google, button: str
) -> None:
    """A1: the choice is not asked for again by the button that confirms it."""
    draft = with_prints(client, 1)
    google_server.finds(
        place(place_id="first", partial_match=True, city="Mem Martins"),
        place(place_id="second", partial_match=True, city="Rio de Mouro"),
    )
    choice = offered(client.post("/delivery/", visitors.POST))[1]
    chosen = client.post("/delivery/", visitors.POST | {"choose": "1", "candidate": json.dumps(choice)})
    assert chosen.headers["Location"] == "/delivery/"
    hidden = re.search(r'name="place_id" value="([^"]*)"', client.get("/delivery/").content.decode())
    assert hidden
    fields = visitors.POST | {"city": choice["city"], "place_id": hidden[1], button: "1"}
    assert client.post("/delivery/", fields).headers["Location"] == "/review/"
    kept = drafts.get(draft.id)
    assert kept
    assert kept.address
    assert (kept.address["place_id"], kept.address["confirmed"]) == ("second", True)
    assert kept.address["flagged"] == (button == "keep")


@pytest.mark.parametrize("word", ["false", "no", 0, None, [True], "true"])
@pytest.mark.parametrize("field", ["keep", "use_suggestion"])
def test_only_true_confirms_an_address(client: Client, google_server: Google, field: str, word: object) -> None:
    """A1, A2: a word that reads as no is no consent."""
    draft = with_prints(client, 1)
    google_server.finds(place(partial_match=True))
    changed = drafts.set_delivery(draft, visitors.POST | {field: word})
    assert changed.address
    assert (changed.address["kind"], changed.address["confirmed"]) == ("suggested", False)
    assert (drafts.set_delivery(draft, visitors.POST | {field: True}).address or {})["confirmed"]
