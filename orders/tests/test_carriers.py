"""Where a parcel is followed, by the carrier's name as the owner typed it (O4)."""

import pytest

from orders import carriers

CTT = "https://appserver.ctt.pt/CustomerArea/PublicArea_Detail?IsFromPublicArea=true&ObjectCodeInput=DA1%262PT&SearchInput=DA1%262PT"
DPD = "https://tracking.dpd.pt/track-and-trace?reference=DA1%262PT"


PAGES = {
    "CTT": CTT,
    "Correios": CTT,
    "CTT Expresso": CTT,
    "ctt express": CTT,
    "DHL": "https://www.dhl.com/pt-pt/home/tracking.html?tracking-id=DA1%262PT",
    "DPD": DPD,
    "Chronopost": DPD,
    "SEUR": DPD,
    "GLS": "https://gls-group.com/PT/pt/seguir-envio/?match=DA1%262PT",
    "M.R.W.": "https://www.mrw.pt/seguimento-envios?numero=DA1%262PT",
    "Nacex": "https://www.nacex.com/seguimientoDetalle.do?agencia_origen=&numero_albaran=DA1%262PT",
    "UPS": "https://www.ups.com/track?loc=pt_PT&tracknum=DA1%262PT",
}


@pytest.mark.parametrize(("carrier", "page"), [*PAGES.items(), ("O meu primo", ""), ("", "")])
def test_a_parcel_is_followed_at_its_own_carriers(carrier: str, page: str) -> None:
    """CTT Expresso is the Portuguese post's, not CTT Express of Spain."""
    assert carriers.tracking_url(carrier, "DA1&2PT") == page
    assert carriers.tracking_url(carrier, "") == ""


def test_every_carrier_and_alias_is_among_them() -> None:
    named = {"".join(filter(str.isalpha, carrier.lower())) for carrier in PAGES}
    assert named == {*carriers.PAGES, *carriers.ALSO}
