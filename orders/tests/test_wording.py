"""Refusals are said in the language of the page: files that are not taken, addresses abroad (U2, A1)."""

import datetime
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polib
import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from addresses.tests.conftest import Google, place
from orders import catalogue, drafts, links
from orders.models import Order
from orders.tests import visitors
from orders.tests.factories import OrderFactory
from uploads import stash
from uploads.tests import pictures

pytestmark = pytest.mark.django_db
languages = pytest.mark.parametrize("language", ["pt", "en"])


def bmp() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "BMP")
    return out.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], dict[str, str]]] = {
    "not an image": (
        lambda: b"eggs, milk, and nothing that could be printed",
        {
            "pt": "“praia.jpg” não é uma imagem. Envie JPEG, PNG, WebP, HEIC ou TIFF.",
            "en": "“praia.jpg” is not a picture. Please upload JPEG, PNG, WebP, HEIC or TIFF.",
        },
    ),
    "another kind": (
        bmp,
        {
            "pt": "“praia.jpg” é de um tipo que não se pode imprimir. Envie JPEG, PNG, WebP, HEIC ou TIFF, sem animação.",
            "en": "“praia.jpg” is of a kind that cannot be printed. Please upload JPEG, PNG, WebP, HEIC or TIFF, not animated.",
        },
    ),
    "too big": (
        lambda: pictures.jpeg() + b"\0" * 1_100_000,
        {
            "pt": "“praia.jpg” tem mais de 1 MB. Envie uma versão mais pequena.",
            "en": "“praia.jpg” is larger than 1 MB. Please upload a smaller version.",
        },
    ),
    "too many pixels": (
        lambda: pictures.jpeg(1200, 900),
        {
            "pt": "“praia.jpg” tem demasiados píxeis. Envie uma versão mais pequena.",
            "en": "“praia.jpg” has too many pixels. Please upload a smaller version.",
        },
    ),
    "cut short": (
        lambda: pictures.jpeg()[:-400],
        {
            "pt": "“praia.jpg” está danificado ou incompleto. Envie-o outra vez, ou escolha outra fotografia.",
            "en": "“praia.jpg” is damaged or incomplete. Please upload it again, or choose another photo.",
        },
    ),
    "empty": (
        lambda: b"",
        {
            "pt": "“praia.jpg” está vazio. Escolha-o outra vez, ou outro ficheiro.",
            "en": "“praia.jpg” is empty. Please choose it again, or another file.",
        },
    ),
}


def visitor(language: str) -> Client:
    client = Client(headers={"Accept-Language": language})
    visitors.draft_of(client)
    return client


@languages
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_not_taken_is_named_in_the_pages_language(kind: str, language: str, settings: Any) -> None:
    """By the script's upload, and by the form without a script; nothing is kept."""
    settings.UPLOAD_MAX_FILE_MB, settings.UPLOAD_MAX_PIXELS = 1, 1_000_000
    make, said = FILES[kind]
    client = visitor(language)
    token = client.cookies["csrftoken"].value
    answer = client.post(
        "/api/v1/drafts/current/photos/",
        make(),
        "image/jpeg",
        headers={"X-Filename": "praia.jpg", "X-CSRFToken": token},
    )
    assert 400 <= answer.status_code < 500
    assert [error["detail"] for error in answer.json()["errors"]] == [said[language]]
    form = client.post("/photos/", {"csrfmiddlewaretoken": token, "file": SimpleUploadedFile("praia.jpg", make())})
    assert [str(message) for message in get_messages(form.wsgi_request)] == [said[language]]
    assert stash.photos(visitors.draft_of(client).id) == []


@languages
@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            "image_broken",
            {
                "pt": "Este ficheiro está danificado ou incompleto. Envie-o outra vez ou escolha outro.",
                "en": "This file is damaged or incomplete. Please upload it again or choose another.",
            },
        ),
        (
            "image_too_large",
            {
                "pt": "Esta imagem tem demasiados píxeis. Envie uma versão mais pequena.",
                "en": "This picture has too many pixels. Please upload a smaller version.",
            },
        ),
    ],
)
def test_what_the_worker_found_wrong_is_said_in_the_pages_language(
    problem: str, said: dict[str, str], language: str
) -> None:
    """Found after the upload, in whatever language the worker runs."""
    catalogue.install_default_catalogue()
    client = visitor(language)
    draft = visitors.draft_of(client)
    stash.mark_broken(draft.id, visitors.photo(draft, state="checking").id, problem)
    assert client.get("/api/v1/drafts/current/").json()["photos"][0]["problem"]["detail"] == said[language]
    assert said[language] in client.get("/").content.decode()


@languages
def test_an_address_in_madrid_is_refused_in_the_pages_language(google_server: Google, language: str) -> None:
    """A1: by the page and by the API; nothing of it is taken."""
    catalogue.install_default_catalogue()
    said = {
        "pt": "Esta morada não fica em Portugal. Só entregamos em Portugal: indique uma morada portuguesa.",
        "en": "This address is not in Portugal. We deliver in Portugal only: please enter an address there.",
    }
    client = visitor(language)
    draft = visitors.draft_of(client)
    drafts.set_items(draft, [visitors.row(visitors.photo(draft))])
    google_server.finds(place(country="ES", city="Madrid"))
    madrid = visitors.POST | {"street": "Calle Mayor 1", "city": "Madrid"}
    answer = client.post("/delivery/", madrid)
    assert (answer.status_code, said[language] in answer.content.decode()) == (422, True)
    token = client.cookies["csrftoken"].value
    refused = client.put("/api/v1/drafts/current/delivery/", madrid, "application/json", headers={"X-CSRFToken": token})
    assert refused.json()["errors"][0]["detail"] == said[language]
    assert (visitors.draft_of(client)).delivery is None


@languages
@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (
            "expired",
            {
                "pt": "Esta encomenda não foi concluída a tempo e as fotografias foram apagadas. Comece uma nova.",
                "en": "This order was not finished in time and its photos were deleted. Please start a new one.",
            },
        ),
        (
            "ordered",
            {
                "pt": "Estas fotografias já foram encomendadas e pagas. Comece uma nova encomenda.",
                "en": "These photos have been ordered and paid. Please start a new order.",
            },
        ),
    ],
)
def test_a_draft_that_is_over_says_so_in_the_pages_language(ended: str, said: dict[str, str], language: str) -> None:
    """C66: by the button "pay" and by the API; no order comes of it."""
    catalogue.install_default_catalogue()
    client = visitor(language)
    draft = visitors.draft_of(client)
    token = client.cookies["csrftoken"].value
    if ended == "expired":
        drafts.delete(draft.id)
    else:
        drafts.mark_ordered(draft.id, "PO-1")
    refused = client.put("/api/v1/drafts/current/items/", [], "application/json", headers={"X-CSRFToken": token})
    assert (refused.status_code, refused.json()["errors"][0]["detail"]) == (409, said[language])
    paying = client.post("/checkout/", {"accept_terms": "1"})
    assert [str(message) for message in get_messages(paying.wsgi_request)] == [said[language]]
    assert not Order.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "finish"), [("pt", "Mate"), ("en", "Matte")])
def test_made_up_orders_name_their_finish_in_their_own_language(language: str, finish: str) -> None:
    """Or English mails and pages would be looked at with a Portuguese word in them."""
    assert OrderFactory(language=language).items.get().finish_name == finish


CATALOGUE = Path(__file__).resolve().parents[2] / "locale" / "pt" / "LC_MESSAGES" / "django.po"


@pytest.mark.parametrize(
    "wrong",
    [
        r"\b[Oo] Stripe|\b[dn]o Stripe|\bao Stripe",  # "a Stripe", a company, everywhere
        r"nosso armazém",  # photos do not go to a warehouse
        r"provavelmente você|prestes a terminar|^Usar$|Para onde enviamos",
        r"\bligaç(?:ão|ões) (?:assinada|mais recente|que contém|à sua encomenda|para ela)",  # "link", everywhere
    ],
)
def test_the_portuguese_texts_keep_to_one_word_for_one_thing(wrong: str) -> None:
    said = [text for entry in polib.pofile(str(CATALOGUE)) for text in (entry.msgstr, *entry.msgstr_plural.values())]
    assert len(said) > 500
    assert [text for text in said if re.search(wrong, text)] == []


def test_english_readers_are_told_what_iva_is() -> None:
    """U1: the tax's Portuguese name alone says nothing to them."""
    entries = [entry.msgid for entry in polib.pofile(str(CATALOGUE))]
    shown = [text for text in entries if re.search(r"\bIVA\b.*(?:included|in it)|with IVA\b", text)]
    assert len(shown) >= 4
    assert [text for text in shown if "VAT (IVA)" not in text and "(cents)" not in text] == []


@pytest.mark.parametrize(("language", "day"), [("pt", "7 de março, 14:05"), ("en", "7 March, 14:05")])
def test_the_order_page_writes_all_its_dates_alike(client: Client, language: str, day: str) -> None:
    """Months in words, above the steps and at each of them; no numbers with strokes beside them."""
    at = datetime.datetime(2026, 3, 7, 14, 5, tzinfo=datetime.UTC)
    order = OrderFactory(paid=True, paid_at=at, language=language)
    page = client.get(links.order_path(order), headers={"accept-language": language}).content.decode()
    assert day in page
    assert re.findall(r"\d{1,2}/\d{1,2}/\d{4}", page) == []


@languages
def test_a_browser_without_cookies_is_told_so_in_the_pages_language(language: str) -> None:
    """S7: what the script shows where an upload or a choice was refused; nothing is kept."""
    said = {
        "pt": "A página esteve aberta demasiado tempo, ou os cookies estão bloqueados.",
        "en": "Your page was open for too long, or cookies are blocked.",
    }
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": language})
    answers = (
        client.post("/api/v1/drafts/current/photos/", pictures.jpeg(), "image/jpeg"),
        client.put("/api/v1/drafts/current/items/", [], "application/json"),
    )
    for answer in answers:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "permission_denied")
        assert answer.json()["errors"][0]["detail"].startswith(said[language])
    assert stash.staged_bytes() == 0


@languages
def test_a_form_without_its_file_says_that_none_arrived(language: str) -> None:
    """U2: there is no name that could be named."""
    said = {
        "pt": "Não chegou nenhum ficheiro. Escolha uma fotografia e tente novamente.",
        "en": "No file arrived. Please choose a photo and try again.",
    }
    client = visitor(language)
    token = client.cookies["csrftoken"].value
    answer = client.post("/api/v1/drafts/current/photos/", {"name": "x"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 400
    assert [(error["code"], error["detail"]) for error in answer.json()["errors"]] == [("empty", said[language])]
