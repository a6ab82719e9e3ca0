"""The price list, shipping prices and legal texts that a new shop starts with; the owner changes them in the admin."""

import hashlib
from pathlib import Path

from django.db import transaction

from orders.models import Finish, LegalDocument, PriceTier, Product, ShippingZone

TEXTS = Path(__file__).parent / "legal_texts"
LEGAL_VERSION = "2"
SUPERSEDED = {  # SHA-256 of the Portuguese texts of version 1: they contradicted the shop
    "terms": "6ecf419828eaa71064ebcd9418f29bd5773febb459f05a1cca7005a25ca3cebf",
    "privacy": "b5f292fe74f1325e6b74958e2725f61fccf2549ec97f0cc3d6e11f585403b218",
    "withdrawal": "edf6a64d570a553f303a86e1de6e58e891257942b8ffb1725baec46649111250",
}

FINISHES = (("matte", "Mate", "Matte"), ("glossy", "Brilhante", "Glossy"))

# code, Portuguese name, English name, width and height in mm, border in mm, (from, cents with IVA) …
PRODUCTS = (
    ("10x15", "10 × 15 cm", "10 × 15 cm", 100, 150, 3, ((1, 35), (50, 29), (100, 25), (300, 19))),
    ("13x18", "13 × 18 cm", "13 × 18 cm", 130, 180, 4, ((1, 60), (50, 50), (100, 45))),
    ("15x20", "15 × 20 cm", "15 × 20 cm", 150, 200, 4, ((1, 95), (25, 85), (100, 75))),
    ("20x30", "20 × 30 cm", "20 × 30 cm", 200, 300, 5, ((1, 350), (10, 320), (50, 280))),
    ("30x40", "30 × 40 cm", "30 × 40 cm", 300, 400, 8, ((1, 790), (10, 720), (50, 650))),
    ("square-15x15", "Quadrado 15 × 15 cm", "Square 15 × 15 cm", 150, 150, 4, ((1, 80), (25, 70), (100, 60))),
    ("portrait-20x25", "Retrato 20 × 25 cm", "Portrait 20 × 25 cm", 200, 250, 5, ((1, 290), (10, 260), (50, 230))),
)

SHIPPING = (("mainland", 390), ("madeira", 690), ("acores", 690))


@transaction.atomic
def install() -> None:
    """Adds what is missing and touches nothing that is there; safe to repeat. A legal text that the owner never changed
    gets our newest version beside it, which holds from now on; the old one stands with its orders (P1)."""
    finishes = [_finish(position, *row) for position, row in enumerate(FINISHES)]
    for position, (code, name_pt, name_en, width, height, border, tiers) in enumerate(PRODUCTS):
        product, created = Product.objects.get_or_create(
            code=code,
            defaults={
                "name_pt": name_pt,
                "name_en": name_en,
                "width_mm": width,
                "height_mm": height,
                "border_mm": border,
                "position": position,
            },
        )
        if created:
            product.finishes.set(finishes)
            for start, cents in tiers:
                PriceTier.objects.create(product=product, from_quantity=start, unit_cents=cents)
    for zone, cents in SHIPPING:
        ShippingZone.objects.get_or_create(code=zone, defaults={"price_cents": cents})
    for kind in LegalDocument.Kind.values:
        newest = LegalDocument.objects.filter(kind=kind).order_by("published_at", "pk").last()
        if newest is None or _digest(newest.body_pt) == SUPERSEDED[kind]:
            LegalDocument.objects.create(
                kind=kind, version=LEGAL_VERSION, body_pt=_text(kind, "pt"), body_en=_text(kind, "en")
            )


def _finish(position: int, code: str, name_pt: str, name_en: str) -> Finish:
    return Finish.objects.get_or_create(
        code=code, defaults={"name_pt": name_pt, "name_en": name_en, "position": position}
    )[0]


def _digest(text: str) -> str:
    """Forms of the admin write line ends of their own."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def _text(kind: str, language: str) -> str:
    return (TEXTS / f"{kind}.{language}.md").read_text(encoding="utf-8")
