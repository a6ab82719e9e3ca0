"""Carriers' tracking pages, by what the owner typed as the carrier's name. Anything else has no link."""

import re
from urllib.parse import quote

PAGES = {
    "ctt": "https://appserver.ctt.pt/CustomerArea/PublicArea_Detail?IsFromPublicArea=true&ObjectCodeInput={0}&SearchInput={0}",
    "dhl": "https://www.dhl.com/pt-pt/home/tracking.html?tracking-id={}",
    "dpd": "https://tracking.dpd.pt/track-and-trace?reference={}",
    "gls": "https://gls-group.com/PT/pt/seguir-envio/?match={}",
    "mrw": "https://www.mrw.pt/seguimento-envios?numero={}",
    "nacex": "https://www.nacex.com/seguimientoDetalle.do?agencia_origen=&numero_albaran={}",
    "ups": "https://www.ups.com/track?loc=pt_PT&tracknum={}",
}
# CTT Expresso's parcels (DA…PT) are found where CTT's letters are; cttexpress.com is the Spanish company's.
ALSO = {"correios": "ctt", "cttexpresso": "ctt", "cttexpress": "ctt", "chronopost": "dpd", "seur": "dpd"}


def tracking_url(carrier: str, tracking: str) -> str:
    """The page that shows where the parcel is, "" where none is known."""
    name = re.sub(r"[^a-z]", "", carrier.lower())
    page = PAGES.get(ALSO.get(name, name), "")
    return page.format(quote(tracking, safe="")) if page and tracking else ""
