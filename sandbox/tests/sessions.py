"""Checkout Sessions as the shop makes them, for tests."""

import time
from typing import Any, cast

import requests
import stripe
from stripe.params.checkout import SessionCreateParams

GOOD, DECLINED, POOR, EXPIRED = "4242424242424242", "4000000000000002", "4000000000009995", "4000000000000069"
CHALLENGE, DISPUTED, STRIPES_DISPUTED = "4000002500003155", "4000000000009979", "4000000000000259"


def params(**changes: Any) -> SessionCreateParams:
    """Three prints at €4.50, open for two hours."""
    usual: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "success_url": "http://shop.test/return/?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/review/?cancelled=1",
        "customer_email": "ana@example.pt",
        "locale": "pt",
        "expires_at": int(time.time()) + 7200,
        "line_items": [
            {
                "quantity": 3,
                "price_data": {"currency": "eur", "unit_amount": 450, "product_data": {"name": "10 × 15 cm"}},
            }
        ],
        "metadata": {"order": "P-1"},
        "payment_intent_data": {
            "metadata": {"order": "P-1"},
            "shipping": {"name": "Ana", "address": {"line1": "Rua Augusta 100", "country": "PT"}},
        },
    }
    return cast(SessionCreateParams, usual | changes)


def make(client: stripe.StripeClient, **changes: Any) -> stripe.checkout.Session:
    return client.v1.checkout.sessions.create(params=params(**changes))


def pay_on_page(session: stripe.checkout.Session, number: str = GOOD, **changes: str) -> requests.Response:
    """Sends the hosted page's form; redirects are not followed."""
    form = {
        "email": "ana@example.pt",
        "number": number,
        "expiry": "12/34",
        "cvc": "123",
        "name": "Ana Sousa",
        "method": "card",
    }
    return requests.post(str(session.url), data=form | changes, allow_redirects=False, timeout=10)
