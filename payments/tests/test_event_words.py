"""What the histories of payments call Stripe's words."""

from typing import get_args

import stripe

from payments import event_words
from payments.models import Refund


def test_every_status_of_a_dispute_and_a_refund_has_words() -> None:
    """C38, C40: the SDK's own list, so that a new status is noticed."""
    statuses = get_args(get_args(stripe.Dispute.__annotations__["status"])[0])
    assert {"needs_response", "won", "lost"} < set(statuses)
    unnamed = [f"dispute_{status}" for status in statuses] + [f"refund_{state}" for state in Refund.State.values[1:]]
    assert [kind for kind in unnamed if kind not in event_words.KINDS] == []
