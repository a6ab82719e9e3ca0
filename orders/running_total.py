"""What the first page says beside "continue": the sum so far with delivery and IVA, and how little is lacking for more.

Sentences, in the reader's language, so that the page and the script that keeps it up to date say the same.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.models import Order, ShopSettings
from orders.pricing import Totals, lacking_cents
from orders.templatetags.money import euros


def words(totals: Totals, shop: ShopSettings, method: str, *, estimated: bool) -> dict[str, str]:
    """`{sum, count, detail, hint}`. `estimated`: where it goes is not known yet, and the totals hold the cheapest post."""
    taxed = _("VAT (IVA) included: %(sum)s") % {"sum": euros(totals.tax_cents)}
    code = _("code −%(sum)s") % {"sum": euros(totals.discount_cents)} if totals.discount_cents else ""
    return {
        "sum": euros(totals.total_cents),
        "count": prints_text(totals.prints),
        "detail": " · ".join(filter(None, (_delivery(totals, method, estimated=estimated), code, taxed))),
        "hint": _lacking(totals, shop),
    }


def prints_text(count: int) -> str:
    return ngettext("1 print", "%(n)s prints", count) % {"n": count}


def _delivery(totals: Totals, method: str, *, estimated: bool) -> str:
    if method == Order.Method.PICKUP:
        return _("free pickup")
    if not totals.shipping_cents:
        return _("free delivery") if totals.prints else ""
    price = {"price": euros(totals.shipping_cents)}
    return _("with delivery from %(price)s") % price if estimated else _("with delivery %(price)s") % price


def _lacking(totals: Totals, shop: ShopSettings) -> str:
    """The smallest order first: without it nothing can be bought."""
    lacking = lacking_cents(totals, shop.minimum_order_cents) if totals.prints else 0
    if lacking:
        left = {"sum": euros(lacking)}
        return _("%(sum)s more for the smallest order that we take.") % left
    if totals.shipping_cents and shop.free_shipping_from_cents is not None:
        left = {"sum": euros(shop.free_shipping_from_cents - totals.items_cents)}
        return _("%(sum)s more for free shipping.") % left
    return ""
