"""Where a payment can be looked at: Stripe's dashboard, or the stand-in's pages when payments go there."""

from django.conf import settings

from payments.models import PaymentAttempt

DASHBOARD = "https://dashboard.stripe.com"
STRIPES_OWN = ("", "https://api.stripe.com")


def payment(attempt: PaymentAttempt) -> str:
    """The address of the payment's page; empty while Stripe does not know it."""
    target = attempt.intent_id or attempt.session_id
    if not target:
        return ""
    if settings.STRIPE_API_BASE not in STRIPES_OWN:
        return f"{settings.STRIPE_API_BASE.rstrip('/')}/sandbox/?find={target}#{target}"
    mode = "" if settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")) else "/test"
    place = "payments" if attempt.intent_id else "checkout/sessions"
    return f"{DASHBOARD}{mode}/{place}/{target}"
