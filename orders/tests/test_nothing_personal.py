"""DESIGN §3: before payment PostgreSQL holds nothing of a person, proved by reading every column of every table."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from addresses.tests.conftest import Google
from orders import catalogue, checkout, drafts, services, snapshots
from orders.tests import visitors
from orders.tests.paid_orders import jpeg
from uploads import stash

FILENAME = "Praia com a Avó Ermelinda.jpg"
PERSON = {
    "method": "post",
    "name": "Ermelinda Quaresma",
    "email": "ermelinda.quaresma@example.test",
    "phone": "+351912345678",
    "street": "Travessa do Fala-Só 17",
    "extra": "cave esquerda",
    "postal_code": "1250-109",
    "city": "Lisboa-a-Bela",
    "nif": "123456789",
    "language": "pt",
    "note": "O cão chama-se Farrusco",
}
# What Google answered is personal too.
VALUES = [PERSON[name] for name in PERSON if name not in ("method", "language")]
VALUES += ["912345678", "912 345 678", "Ermelinda", "Farrusco", "R. Augusta 100", "place-augusta-100", FILENAME, "Avó"]


def every_value() -> str:
    """All rows of all tables, as PostgreSQL writes them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = cursor.fetchall()
        parts = []
        for schema, table in tables:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{schema}"."{table}" t')  # noqa: S608 - its own catalogue
            parts += [row[0] for row in cursor.fetchall()]
    assert len(tables) > 20
    return "\n".join(parts)


@pytest.mark.django_db
def test_the_whole_walk_up_to_paying_leaves_nothing_personal_in_postgresql(google_server: Google) -> None:
    """Upload, items, delivery, checkout, an edit and a second checkout; then payment writes it all."""
    catalogue.install_default_catalogue()
    browser: Client = visitors.Browser()
    draft = visitors.draft_of(browser)
    api = "/api/v1/drafts/current/"
    for seed in (1, 2):
        answer: Any = browser.post(
            f"{api}photos/", jpeg(seed=seed), content_type="image/jpeg", headers={"X-Filename": FILENAME}
        )
        assert answer.status_code == 201
        stash.mark_ready(draft.id, answer.json()["id"], width=1800, height=1200)
    rows = [visitors.row(photo) for photo in stash.photos(draft.id)]
    assert browser.put(f"{api}items/", rows, content_type="application/json").status_code == 200
    answer = browser.put(f"{api}delivery/", PERSON, content_type="application/json")
    assert answer.json()["verdict"] == "suggested"
    body = PERSON | {"keep": True}
    assert browser.put(f"{api}delivery/", body, content_type="application/json").status_code == 200
    checkout.freeze(draft, language="pt", terms=True)
    assert browser.put(f"{api}items/", rows[:1], content_type="application/json").status_code == 200
    order = checkout.freeze(drafts.get(draft.id) or draft, language="pt", terms=True)

    written = every_value()
    assert order.number in written
    assert [value for value in VALUES if value in written] == []

    services.mark_paid(order, snapshot=snapshots.load(order.number))
    written = every_value()
    assert [value for value in (*PERSON.values(), FILENAME, "R. Augusta 100") if value not in written] == []
