"""What an attempt is at Stripe: a Checkout Session, or a Payment Element's Intent, told alike so that one service
settles both. Each call asks Stripe; none may run inside a transaction. Raises GatewayError."""

from payments import facts, gateway
from payments.models import PaymentAttempt

CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


class StillOpen(gateway.GatewayUnavailable):
    """Stripe would not close it, and it can still be paid: not closed, whatever the reason. Try again."""

    kind = "still_open"


def fetched(attempt: PaymentAttempt) -> facts.Session:
    """How the attempt stands there now."""
    if attempt.method == PaymentAttempt.Method.ELEMENTS:
        return facts.as_session(gateway.retrieve_intent(str(attempt.intent_id)))
    return gateway.retrieve_session(str(attempt.session_id))


def closed(attempt: PaymentAttempt) -> facts.Session:
    """The attempt after trying to close it: closed now, or paid, or waiting for a voucher that was issued already (that
    one cannot be called back: the customer may be standing at the cash machine). Raises StillOpen."""
    if attempt.method == PaymentAttempt.Method.ELEMENTS:
        return facts.as_session(closed_intent(str(attempt.intent_id)))
    return closed_session(str(attempt.session_id))


def closed_session(session_id: str) -> facts.Session:
    """The Session after trying to expire it: expired now, or already complete. Raises StillOpen."""
    try:
        return gateway.expire_session(session_id)
    except gateway.GatewayMisconfigured:
        raise
    except gateway.GatewayRefused as error:
        session = gateway.retrieve_session(session_id)
        if session.status == "open":
            raise StillOpen(error.code, status=error.status) from error
        return session


def closed_intent(intent_id: str) -> facts.Intent:
    """The Intent after trying to cancel it, if it could be. Raises StillOpen."""
    intent = gateway.retrieve_intent(intent_id)
    if not _payable(intent):
        return intent
    try:
        return gateway.cancel_intent(intent_id)
    except gateway.GatewayMisconfigured:
        raise
    except gateway.GatewayRefused as error:
        intent = gateway.retrieve_intent(intent_id)
        if _payable(intent):
            raise StillOpen(error.code, status=error.status) from error
        return intent


def _payable(intent: facts.Intent) -> bool:
    return intent.status in CANCELABLE and intent.voucher is None
