"""What starting to pay costs: questions to PostgreSQL, commits, commands to Redis (docs/speed.md, checkout_start)."""

from collections import Counter
from typing import Any

import pytest
import redis.connection
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.tests import visitors
from payments.checkout import start_checkout
from payments.tests.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_starting_to_pay_asks_twenty_times_and_commits_three(
    stripe_api: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commits stay: the order, the attempt with its key (C43), Stripe's answer."""
    sent: list[bytes] = []
    send: Any = redis.connection.AbstractConnection.send_packed_command

    def counted(self: Any, command: Any, check_health: bool = True) -> None:
        sent.append(b"".join(command) if isinstance(command, list) else command)
        send(self, command, check_health)

    start_checkout(visitors.complete(), language="pt", terms=True)  # what a process keeps is read once
    draft = visitors.complete()
    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", counted)
    with CaptureQueriesContext(connection) as asked:
        start_checkout(draft, language="pt", terms=True)
    words = Counter(query["sql"].split()[0] for query in asked)
    assert (words["BEGIN"], words["COMMIT"], words["SAVEPOINT"]) == (3, 3, 0)
    assert words["SELECT"] + words["select"] + words["INSERT"] + words["UPDATE"] == 20
    assert len(sent) == 12
