"""Which legal texts hold now (P1, P2)."""

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import LegalDocument, ShopSettings


def published() -> QuerySet[LegalDocument]:
    """The texts whose hour has come. A planned one holds for nobody, and nobody but the owner can read it."""
    return LegalDocument.objects.filter(published_at__lte=timezone.now())


def versions() -> dict[str, str]:
    """The version that holds of each kind, "" where there is none."""
    found = published().order_by("kind", "published_at", "pk").values_list("kind", "version")
    return dict.fromkeys(LegalDocument.Kind.values, "") | dict(found)


def text(document: LegalDocument, shop: ShopSettings) -> str:
    """The text in the reader's language, with the seller's data filled in."""
    on_request = _("a company that we name on request")
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
        "carrier": shop.carrier or on_request,
        "hosting": shop.hosting_provider or on_request,
        "email_provider": shop.email_provider or on_request,
        "photos_keep_days": str(settings.PHOTOS_KEEP_DAYS),
        "delivery_days": f"{shop.delivery_days_min}–{shop.delivery_days_max}",
    }
    result = document.body
    for name, value in values.items():
        result = result.replace("{" + name + "}", value or "—")
    return result
