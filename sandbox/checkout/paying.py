"""Pays a Checkout Session the way the hosted page does; also used by the control API, without a browser."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.stripe_api import attempts, checkout_sessions, payment_methods
from sandbox.stripe_api.cards import find as find_card
from sandbox.stripe_api.errors import ApiError
from sandbox.world import Object, World


@dataclass(frozen=True)
class Form:
    """What the customer typed."""

    email: str = ""
    number: str = ""
    expiry: str = ""
    cvc: str = ""
    name: str = ""
    phone: str = ""

    def problem(self, kind: str, needs_email: bool = True) -> str:
        """The key of the first thing wrong (see wording.py), or ""."""
        if needs_email and ("@" not in self.email or " " in self.email.strip()):
            return "bad_email"
        if kind == "mb_way" and not re.fullmatch(r"(\+?351)?9\d{8}", re.sub(r"[\s-]", "", self.phone)):
            return "bad_phone"
        if kind != "card":
            return ""
        if find_card(self.number) is None:
            return "no_card"
        if expiry(self.expiry) is None:
            return "bad_expiry"
        if not re.fullmatch(r"\d{3,4}", self.cvc.strip()):
            return "bad_cvc"
        return "" if self.name.strip() else "bad_name"


def pay(world: World, session: Object, kind: str, form: Form) -> Object:
    """Tries the method `kind` (card, mb_way, multibanco) on an open Session; returns the intent.

    Raises ApiError 402 when the card is declined and 400 when the Session is not open or does not offer the method.
    """
    with world.change():
        if session["status"] != "open":
            raise ApiError(f"This Checkout Session has a status of {session['status']}.", code="session_not_open")
        if kind not in session["payment_method_types"]:
            raise ApiError(f"The payment method {kind} is not offered for this Session.", code="method_not_offered")
        billing = {
            "email": form.email.strip() or session["customer_email"],
            "name": form.name.strip() or None,
            "phone": form.phone.strip() or None,
            "address": {
                "city": None,
                "country": "PT",
                "line1": None,
                "line2": None,
                "postal_code": None,
                "state": None,
            },
        }
        method = payment_methods.make(world, kind, billing, form.number, expiry(form.expiry) or (12, 2034))
        intent = checkout_sessions.intent_for(world, session)
        return attempts.pay(world, intent, method, return_url=session["url"] or "")


def expiry(text: str) -> tuple[int, int] | None:
    """(month, year) of "12/34" or "1234" when it is not past."""
    match = re.fullmatch(r"(\d{1,2})\s*/?\s*(?:20)?(\d{2})", text.strip())
    if not match or not 1 <= int(match[1]) <= 12:
        return None
    month, year = int(match[1]), 2000 + int(match[2])
    today = datetime.now(UTC)
    return (month, year) if (year, month) >= (today.year, today.month) else None
