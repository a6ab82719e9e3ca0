"""The price list, shipping prices and legal texts that a new shop starts with; the owner changes them in the admin."""

from pathlib import Path

from django.db import transaction

from orders.models import Finish, LegalDocument, PriceTier, Product, ShippingZone

TEXTS = Path(__file__).parent / "legal_texts"
LEGAL_VERSION = "1"

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
    """Adds what is missing and touches nothing that is there; safe to repeat."""
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
        if not LegalDocument.objects.filter(kind=kind).exists():
            LegalDocument.objects.create(
                kind=kind, version=LEGAL_VERSION, body_pt=_text(kind, "pt"), body_en=_text(kind, "en")
            )


def _finish(position: int, code: str, name_pt: str, name_en: str) -> Finish:
    return Finish.objects.get_or_create(
        code=code, defaults={"name_pt": name_pt, "name_en": name_en, "position": position}
    )[0]


def _text(kind: str, language: str) -> str:
    return (TEXTS / f"{kind}.{language}.md").read_text(encoding="utf-8")
