"""Histories that PostgreSQL itself keeps as they were written (O6): rows are added, never changed, deleted or truncated."""

import pgtrigger

REFUSED = """
RAISE EXCEPTION 'rows of % are kept as they were written: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
"""  # reaches Django as IntegrityError
# The one change there is: a person who acted is deleted, and the row forgets who it was. Nothing else may change with it.
REFUSED_UNLESS_ACTOR_LEAVES = f"""
without_actor := OLD;
without_actor.actor_id := NULL;
IF OLD.actor_id IS NOT NULL AND NEW IS NOT DISTINCT FROM without_actor THEN
    RETURN NEW;
END IF;
{REFUSED}"""


def append_only() -> list[pgtrigger.Trigger]:
    """For `Meta.triggers` of a model with an `actor`. One trigger a statement, so that pgtrigger.ignore opens one at a time."""
    return [
        pgtrigger.Trigger(
            name="no_update",
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            declare=[("without_actor", "RECORD")],
            func=REFUSED_UNLESS_ACTOR_LEAVES,
        ),
        pgtrigger.Trigger(name="no_delete", when=pgtrigger.Before, operation=pgtrigger.Delete, func=REFUSED),
        pgtrigger.Trigger(
            name="no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func=REFUSED,
        ),
    ]
