"""What an attempt is at Stripe: a Checkout Session, or a Payment Element's Intent, told alike so that one service
settles both. Each call asks Stripe; none may run inside a transaction. Raises GatewayError."""

from payments import facts, gateway
from payments.models import PaymentAttempt

CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def fetched(attempt: PaymentAttempt) -> facts.Session:
    """How the attempt stands there now."""
    if attempt.method == PaymentAttempt.Method.ELEMENTS:
        return facts.as_session(gateway.retrieve_intent(str(attempt.intent_id)))
    return gateway.retrieve_session(str(attempt.session_id))


def closed(attempt: PaymentAttempt) -> facts.Session:
    """The attempt after trying to close it: closed now, or paid, or waiting for a voucher that was issued already (that
    one cannot be called back: the customer may be standing at the cash machine)."""
    if attempt.method == PaymentAttempt.Method.ELEMENTS:
        return facts.as_session(closed_intent(str(attempt.intent_id)))
    try:
        return gateway.expire_session(str(attempt.session_id))
    except gateway.GatewayRefused:
        return gateway.retrieve_session(str(attempt.session_id))


def closed_intent(intent_id: str) -> facts.Intent:
    intent = gateway.retrieve_intent(intent_id)
    if intent.status not in CANCELABLE or intent.voucher is not None:
        return intent
    try:
        return gateway.cancel_intent(intent_id)
    except gateway.GatewayRefused:
        return gateway.retrieve_intent(intent_id)
