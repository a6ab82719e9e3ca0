"""The one rule of every module that talks to an outside service: not while a database transaction is open (C42).

A transaction that waits for the network holds its locks as long as the other side likes, and cannot take back what was
sent when it is rolled back. What has to be sent is planned in the outbox instead, with the change that causes it.
"""

from django.db import connection


class TransactionOpen(RuntimeError):
    """A bug: somebody holds database locks while waiting for the network."""


def refuse_open_transaction() -> None:
    """Raises TransactionOpen inside a transaction. What a test case wraps around a whole test does not count, as for
    Django's own `durable`."""
    if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined]  # Django has it; its stubs do not
        raise TransactionOpen
