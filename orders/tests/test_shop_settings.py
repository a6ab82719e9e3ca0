"""What the studio says of itself is read in the reader's language."""

import importlib

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import translation

from orders import catalogue, price_book
from orders.models import ShopSettings
from orders.tests import visitors

HOURS = {"pt": "Terça a sábado, 10h–18h", "en": "Tuesday to Saturday, 10:00–18:00"}


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "other"), [("pt", "en"), ("en", "pt")])
def test_the_opening_hours_are_in_the_language_of_the_page(client: Client, language: str, other: str) -> None:
    """U1: "Free · Terça a sábado" said nothing to a visitor who reads English."""
    catalogue.install_default_catalogue()
    ShopSettings.objects.create(pk=1, pickup_hours_pt=HOURS["pt"], pickup_hours_en=HOURS["en"])
    price_book.forget()
    visitors.draft_of(client)
    page = client.get("/delivery/", headers={"Accept-Language": language}).content.decode()
    assert HOURS[language] in page
    assert HOURS[other] not in page


@pytest.mark.parametrize(("hours_en", "read"), [("", HOURS["pt"]), (HOURS["en"], HOURS["en"])])
def test_hours_that_the_owner_wrote_in_portuguese_only_are_shown_to_everybody(hours_en: str, read: str) -> None:
    with translation.override("en"):
        assert ShopSettings(pickup_hours_pt=HOURS["pt"], pickup_hours_en=hours_en).pickup_hours == read


@pytest.mark.django_db
def test_hours_from_before_stay_as_the_portuguese_ones() -> None:
    """The migration renames: forwards and back again nothing is lost."""
    module = importlib.import_module("orders.migrations.0011_pickup_hours_in_two_languages")
    migration = module.Migration("0011_pickup_hours_in_two_languages", "orders")
    ShopSettings.objects.bulk_create([ShopSettings(pk=1, pickup_hours_pt=HOURS["pt"])])  # without a row of history
    before = MigrationExecutor(connection).loader.project_state(("orders", "0010_photos_deleted"))
    with connection.schema_editor(atomic=False) as editor:
        migration.unapply(before.clone(), editor)
    old = before.apps.get_model("orders", "ShopSettings")
    assert old.objects.get().pickup_hours == HOURS["pt"]
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(before.clone(), editor)
    assert ShopSettings.objects.get().pickup_hours_pt == HOURS["pt"]
    assert ShopSettings.objects.get().pickup_hours_en == ""
