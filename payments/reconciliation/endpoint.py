"""C25: whether Stripe still sends its events to this shop."""

from urllib.parse import urlsplit

from django.conf import settings

from payments import dispatch, facts, gateway, webhook_middleware
from payments.models import Discrepancy
from payments.reconciliation import discrepancies

KIND = Discrepancy.Kind.ENDPOINT


def check() -> bool:
    """Compares the endpoints at Stripe with the address and the events that the shop needs; False when one is amiss."""
    wanted = settings.SITE_URL + webhook_middleware.STRIPE  # `reverse` would load all pages, 20 MB
    wrong = _wrong([found for found in gateway.endpoints() if _same(found.url, wanted)])
    if not wrong:
        discrepancies.agree([wanted], KIND)
        return True
    discrepancies.found(KIND, wanted, ours=wanted, theirs=wrong)
    return False


def _same(found: str, wanted: str) -> bool:
    """A stand-in for Stripe, which stands on the shop's side of the proxy, may use another host."""
    return urlsplit(found).path == urlsplit(wanted).path if settings.STRIPE_API_BASE else found == wanted


def _wrong(found: list[facts.Endpoint]) -> str:
    if not found:
        return "missing"
    enabled = [endpoint for endpoint in found if endpoint.enabled]
    if not enabled:
        return "disabled"
    sent = {event for endpoint in enabled for event in endpoint.events}
    lacking = sorted(dispatch.needed() - sent) if "*" not in sent else []
    return "lacks " + ", ".join(lacking) if lacking else ""
