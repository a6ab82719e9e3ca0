"""The customer comes back from Stripe's page. The address bar is believed nothing but the Session's id (C7)."""

import dataclasses
import re
from collections.abc import Collection

import structlog

from orders.models import Order
from payments import at_stripe, confirmation
from payments.gateway import GatewayError, GatewayUnavailable
from payments.models import PaymentAttempt

INTENT_ID = re.compile(r"pi_[A-Za-z0-9_]{1,200}")
SESSION_ID = re.compile(r"cs_(test|live)_[A-Za-z0-9]{1,200}|cs_[A-Za-z0-9_]{1,200}")

log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True)
class Returned:
    """`outcome`: paid, awaiting, unpaid, unknown (forged or foreign), unavailable (it could not be found out; ask again).
    Only who was asked just now, or is settled for good, is said to be unpaid."""

    outcome: str
    order: Order | None = None


def confirm_return(session_id: str, draft_ids: Collection[str]) -> Returned:
    """Looks the Session, or the Payment Element's Intent, up and settles it by the same service as the webhook (C8, C9).

    `draft_ids` are the visitor's own: only the one whose draft was paid learns which order it is: to everybody else the id is unknown (C7, C62).
    """
    attempt = _attempt(session_id)
    if attempt is None or attempt.order.draft_id not in draft_ids:
        return Returned("unknown")
    if attempt.state != PaymentAttempt.State.CONFIRMED:
        try:
            settled = at_stripe.fetched(attempt)
            confirmation.settle(settled)
            if settled.intent is not None and settled.status == "open" and settled.intent.status == "requires_action":
                return Returned("unavailable", attempt.order)  # MB WAY's app has not been answered yet: ask again
        except GatewayUnavailable:
            return Returned("unavailable", attempt.order)
        except (GatewayError, confirmation.NotVisibleYet) as error:
            log.error("return_not_settled", payment=attempt.public_id, error=type(error).__name__)
            return Returned("unavailable", attempt.order)
        attempt = PaymentAttempt.objects.select_related("order").get(pk=attempt.pk)
    return Returned(_outcome(attempt), attempt.order)


def _attempt(stripe_id: str) -> PaymentAttempt | None:
    known = PaymentAttempt.objects.select_related("order")
    if SESSION_ID.fullmatch(stripe_id):
        return known.filter(session_id=stripe_id).first()
    if INTENT_ID.fullmatch(stripe_id):
        return known.filter(intent_id=stripe_id, method=PaymentAttempt.Method.ELEMENTS).first()
    return None


def _outcome(attempt: PaymentAttempt) -> str:
    if attempt.state == PaymentAttempt.State.CONFIRMED:
        return "paid"
    if attempt.order.payment_state == Order.PaymentState.AWAITING:
        return "awaiting"
    return "unpaid"
