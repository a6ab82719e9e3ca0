"""P2: the seller and the Livro de Reclamações stand on every page, also where something went wrong."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import DjangoAssertNumQueries

from orders import price_book
from orders.models import ShopSettings
from photoorders import urls

pytestmark = pytest.mark.django_db

SELLER = ("Margem Fotografia, Lda.", "Rua do Norte 12", "509442013", "ola@margem.example", "+351 210 000 000", "CACCL")
BOOK = re.compile(r'<a class="complaints" href="https://www\.livroreclamacoes\.pt/"[^>]*>Livro de Reclamações</a>')
TEMPLATES = Path(settings.BASE_DIR) / "templates"
LAYOUTS = {"base.html", "oops.html", "error.html"}


def view_raising(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


urlpatterns = [
    *urls.urlpatterns,
    path("400/", view_raising(SuspiciousOperation())),
    path("403/", view_raising(PermissionDenied())),
    path("500/", view_raising(ZeroDivisionError())),
    path("503/", view_raising(OperationalError())),
]
handler400, handler500 = urls.handler400, urls.handler500


@pytest.fixture
def visitor(settings: LazySettings) -> Client:
    """One whose addresses also hold a view for each failure, and who reads the answer to it."""
    settings.ROOT_URLCONF = __name__
    ShopSettings.objects.create(
        pk=1,
        studio_name="Margem",
        legal_name="Margem Fotografia, Lda.",
        address="Rua do Norte 12",
        nipc="509442013",
        email="ola@margem.example",
        phone="+351 210 000 000",
        arbitration_body="CACCL",
    )
    price_book.forget()
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def footer(page: str) -> str:
    return page[page.index("<footer") : page.index("</footer>")]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 200),
        ("/delivery/", 200),
        ("/legal/terms/", 200),
        ("/legal/privacy/", 200),
        ("/legal/withdrawal/", 200),
        ("/checkout/return/?session_id=cs_test_nobody", 404),
        ("/nowhere/", 404),
        ("/400/", 400),
        ("/403/", 403),
        ("/500/", 500),
        ("/503/", 503),
    ],
)
def test_every_page_names_the_seller_and_the_complaints_book(visitor: Client, address: str, status: int) -> None:
    """P2, on errors too. What may be an outage is written from what the process remembers of the shop."""
    visitor.get("/")
    answer = visitor.get(address)
    assert answer.status_code == status
    page = answer.content.decode()
    assert [part for part in SELLER if part not in footer(page)] == []
    assert BOOK.search(footer(page))
    assert '<a class="studio" href="/">' in page
    assert "{#" not in page


def test_a_form_without_its_token_and_too_many_sign_ins_are_answered_in_the_shops_layout(visitor: Client) -> None:
    """P2: 403 of the CSRF check and 429 of the sign-in."""
    refused = visitor.post("/prints/")
    assert (refused.status_code, bool(BOOK.search(footer(refused.content.decode())))) == (403, True)
    assert SELLER[0] in refused.content.decode()
    hasty = Client()
    tries = [hasty.post("/admin/login/", {"username": "owner@example.test", "password": "no"}) for _try in range(10)]
    assert tries[-1].status_code == 429
    assert SELLER[0] in footer(tries[-1].content.decode())


@pytest.mark.parametrize("address", ["/500/", "/503/"])
def test_a_process_that_has_never_read_the_shop_still_shows_the_complaints_book(visitor: Client, address: str) -> None:
    """P2: without PostgreSQL there is no name, but the book and the legal texts are where they always are."""
    page = footer(visitor.get(address).content.decode())
    assert BOOK.search(page)
    assert [kind for kind in ("terms", "privacy", "withdrawal") if f'href="/legal/{kind}/"' not in page] == []


def test_no_database_is_asked_by_the_page_of_an_outage(
    visitor: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    visitor.get("/")
    with django_assert_num_queries(0):
        assert visitor.get("/503/").status_code == 503


def test_a_missing_icon_does_not_swallow_what_the_next_page_has_to_tell(visitor: Client) -> None:
    """Phones ask for /apple-touch-icon.png by themselves; the message is for who asked for a page."""
    visitor.get("/review/")
    assert visitor.get("/apple-touch-icon.png").status_code == 404
    assert "Escolha primeiro" in visitor.get("/").content.decode()


def test_every_page_of_the_shop_is_built_on_a_layout_with_the_footer() -> None:
    """P2 for the pages to come. Mails, parts of pages and the back office have layouts of their own."""
    own = {"admin", "unfold", "backoffice", "registration", "emails", "parts"}
    pages = [file for file in TEMPLATES.rglob("*.html") if not own & set(file.relative_to(TEMPLATES).parts)]
    whole = [file for file in pages if file.name not in {"link_refund.html", "base.html", "error.html"}]
    found = {file.name: re.findall(r'{% extends "([^"]+)" %}', file.read_text()) for file in whole}
    assert len(found) >= 18
    assert {name: layouts for name, layouts in found.items() if not set(layouts) & LAYOUTS} == {}
