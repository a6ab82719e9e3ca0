"""A link payment's Session at Stripe, asked for and looked for. All its parameters come from the rows (C1), so a retry
sends the very same ones."""

import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from payments import facts, gateway, parameters
from payments.models import LinkPayment, PaymentLink

SHORTEST = datetime.timedelta(minutes=31)  # Stripe refuses less than 30; time passes until it is asked (C4)
CLOCK_SKEW_SECONDS = 300
STILL_USEFUL = datetime.timedelta(minutes=2)
FIRST_ASKING = datetime.timedelta(seconds=60)


def params(payment: LinkPayment) -> dict[str, Any]:
    """The parameters of `checkout.sessions.create`."""
    link = payment.link
    metadata = {"attempt": payment.public_id, "link": link.token}
    price = {
        "currency": payment.currency.lower(),
        "unit_amount": payment.amount_cents,
        "tax_behavior": "inclusive",
        "product_data": {"name": link.description},
    }
    page = f"{settings.SITE_URL}/pay/{link.token}/"
    asked: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [{"price_data": price, "quantity": 1}],
        "locale": "en" if payment.language == "en" else "pt",
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": link.description},
        "success_url": f"{page}return/?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{page}?cancelled",
        "expires_at": int(payment.expires_at.timestamp()),
    }
    return asked | parameters.methods(payment.amount_cents, payment.currency)


def until(link: PaymentLink) -> datetime.datetime | None:
    """When a page opened now closes: at the usual time (C4), at the latest with its link; None where too little is left."""
    ends = parameters.expires_at()
    if link.expires_at is not None:
        ends = min(ends, link.expires_at.replace(microsecond=0))
    return ends if ends - timezone.now() >= SHORTEST else None


def ask(payment: LinkPayment) -> facts.Session | None:
    """The Session of the payment's key; None when Stripe never made one and the key must not be sent again: a new payment,
    with a new key, is right then. Raises GatewayError."""
    if not lasting(payment):
        return _look_for(payment)
    try:
        return gateway.create_session(params(payment), idempotency_key=str(payment.idempotency_key))  # type: ignore[arg-type]  # its type is checked in tests, by the SDK's own
    except gateway.GatewayUnavailable as error:
        if not error.replayed:
            raise
        return _look_for(payment)  # C44: this key answers 500 for good, whether or not a Session was made
    except gateway.GatewayMisconfigured:
        raise
    except gateway.GatewayRefused:
        if timezone.now() - payment.created_at < FIRST_ASKING:
            raise
        return _look_for(payment)  # what was right when it was first sent, such as its end, is no longer


def _look_for(payment: LinkPayment) -> facts.Session | None:
    return gateway.find_session(payment.public_id, int(payment.created_at.timestamp()) - CLOCK_SKEW_SECONDS)


def lasting(payment: LinkPayment) -> bool:
    """Its page is open long enough to be of use."""
    return payment.expires_at > timezone.now() + STILL_USEFUL
