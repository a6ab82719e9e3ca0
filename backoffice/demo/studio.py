"""The demo studio's own data, as a Portuguese shop must show it (P2). The NIPC is made up, with a right check digit."""

from orders.models import ShopSettings

STUDIO = {
    "studio_name": "Estúdio Aurora",
    "legal_name": "Aurora Fotografia, Unipessoal Lda.",
    "address": "Rua Augusta 100\n1100-053 Lisboa",
    "nipc": "509442013",
    "email": "ola@example.test",
    "phone": "+351 210 000 100",
    "arbitration_body": "Centro de Arbitragem de Conflitos de Consumo de Lisboa",
    "arbitration_url": "https://www.centroarbitragemlisboa.pt/",
    "carrier": "CTT – Correios de Portugal, S.A.",
    "pickup_hours_pt": "Seg–Sex 10:00–19:00, Sáb 10:00–13:00",
    "pickup_hours_en": "Mon–Fri 10:00–19:00, Sat 10:00–13:00",
}


def install_studio() -> bool:
    """Names the studio unless the shop settings were already saved; True when they were made now."""
    _settings, created = ShopSettings.objects.get_or_create(pk=1, defaults=STUDIO)
    return created
