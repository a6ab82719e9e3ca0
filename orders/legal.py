"""Which legal texts hold now (P1, P2)."""

from orders.models import LegalDocument, ShopSettings


def current(kind: str) -> LegalDocument | None:
    """The newest published text of a kind."""
    return LegalDocument.objects.filter(kind=kind).order_by("-published_at", "-pk").first()


def versions() -> dict[str, str]:
    """The version that holds of each kind, "" where there is none."""
    found = LegalDocument.objects.order_by("kind", "published_at", "pk").values_list("kind", "version")
    return dict.fromkeys(LegalDocument.Kind.values, "") | dict(found)


def text(document: LegalDocument, shop: ShopSettings) -> str:
    """The text in the reader's language, with the seller's data filled in."""
    values = {
        "studio": shop.studio_name,
        "seller": shop.legal_name or shop.studio_name,
        "address": " · ".join(shop.address.split("\n")),
        "nipc": shop.nipc,
        "email": shop.email,
        "phone": shop.phone,
        "arbitration": shop.arbitration_body,
        "arbitration_url": shop.arbitration_url,
        "complaints_url": shop.complaints_url,
        "delivery_days": f"{shop.delivery_days_min}–{shop.delivery_days_max}",
    }
    result = document.body
    for name, value in values.items():
        result = result.replace("{" + name + "}", value or "—")
    return result
