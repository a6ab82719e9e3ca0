"""What is tried against a history that PostgreSQL keeps as it was written, and whether it stayed so."""

import pytest
from django.db import IntegrityError, connection, models

STATEMENTS = (
    "UPDATE {table} SET why = 'rewritten'",
    "UPDATE {table} SET at = at - interval '1 day'",
    "UPDATE {table} SET why = why",
    "UPDATE {table} SET actor_id = {other}",
    "UPDATE {table} SET actor_id = NULL, why = 'rewritten'",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
)


def assert_refused(event: models.Model, statement: str, *, other: int) -> None:
    """PostgreSQL itself refuses the statement, and the table's only row is as before. `other`: another person's key."""
    before = row(event)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="kept as they were written"):
        cursor.execute(statement.format(table=event._meta.db_table, other=other))
    assert row(event) == before


def row(event: models.Model) -> dict[str, object]:
    """The table's only row, as the database has it now."""
    values: dict[str, object] = type(event)._default_manager.values().get()
    return values
