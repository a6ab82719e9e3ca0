"""The Payment Element: a PaymentIntent instead of a Session, confirmed by Stripe.js on the shop's own page.

The books know no difference: an Intent is settled by the same service as a Session (confirmation.settle). Its
client_secret is fetched when it is needed, and neither stored nor logged.
"""

import structlog
from django.conf import settings

from payments import at_stripe, confirmation, facts, gateway
from payments.models import PaymentAttempt

log = structlog.get_logger(__name__)


def offered() -> bool:
    return bool(settings.STRIPE_PUBLISHABLE_KEY)


def settle(intent_id: str) -> tuple[PaymentAttempt | None, facts.Intent]:
    """Fetches the Intent and settles it; no attempt when it is not the shop's. Raises GatewayError, NotVisibleYet."""
    intent = gateway.retrieve_intent(intent_id)
    attempt = confirmation.settle(facts.as_session(intent))
    if attempt is not None and attempt.state == PaymentAttempt.State.FAILED:
        _withdraw(attempt)
    return attempt, intent


def _withdraw(attempt: PaymentAttempt) -> None:
    """A voucher ran out: the next try gets an Intent of its own, so this one is closed now; where that fails, by the task
    that was planned with the failure (C5)."""
    try:
        at_stripe.closed_intent(str(attempt.intent_id))
    except gateway.GatewayError as error:
        log.warning("failed_intent_left_open", payment=attempt.public_id, kind=error.kind)
