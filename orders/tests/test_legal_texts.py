"""The legal texts that a shop starts with (P1, P2): they say what the shop does, in its words."""

import pytest
from django.utils import translation
from django.utils.translation import gettext

from orders import advice, legal, price_list
from orders.information import markup
from orders.models import LegalDocument, ShopSettings

pytestmark = pytest.mark.django_db

OWN = "## Condições escritas por quem vende"


def body(kind: str, language: str) -> str:
    document = LegalDocument.objects.filter(kind=kind).latest("published_at")
    return document.body_en if language == "en" else document.body_pt


def as_shipped_before(kind: str, monkeypatch: pytest.MonkeyPatch) -> LegalDocument:
    """A text of version 1, unchanged since a shop was set up with it."""
    text = "## Versão um\n\nTal como vinha."
    monkeypatch.setitem(price_list.SUPERSEDED, kind, price_list._digest(text))
    return LegalDocument.objects.create(kind=kind, version="1", body_pt=text.replace("\n", "\r\n"), body_en="One")


@pytest.mark.parametrize("language", ["pt", "en"])
def test_the_terms_call_the_qualities_what_the_shop_calls_them(language: str) -> None:
    """P2: whoever reads the terms finds the words on the page."""
    price_list.install()
    with translation.override(language):
        words = ", ".join(str(advice.WORDS[word]) for word in ("good", "fair", "poor"))
    assert f"({words})" in body("terms", language)


@pytest.mark.parametrize(
    ("language", "contradiction"),
    [("pt", "Depois de paga, a encomenda não pode"), ("en", "Once paid, an order cannot")],
)
def test_the_withdrawal_page_tells_of_the_cancelling_that_the_order_page_offers(
    language: str, contradiction: str
) -> None:
    """P1: before printing the customer cancels alone and gets everything back."""
    price_list.install()
    text = body("withdrawal", language)
    assert contradiction not in text
    with translation.override(language):
        assert f'"{gettext("Cancel the order")}"' in text
    assert ("tudo o que pagou" if language == "pt" else "all that you paid") in text
    assert ("cancelá-la" if language == "pt" else "you can cancel it") in body("terms", language)


@pytest.mark.parametrize("kind", LegalDocument.Kind.values)
def test_a_shop_with_the_old_texts_gets_the_new_ones_beside_them(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: the version that older orders name stays as it was; running it again adds nothing."""
    old = as_shipped_before(kind, monkeypatch)
    before = (old.body_pt, old.published_at)
    price_list.install()
    price_list.install()
    old.refresh_from_db()
    assert (old.body_pt, old.published_at) == before
    assert list(LegalDocument.objects.filter(kind=kind).values_list("version", flat=True)) == ["2", "1"]
    assert legal.versions()[kind] == "2"


def test_a_text_that_the_owner_wrote_is_never_replaced() -> None:
    LegalDocument.objects.create(kind="terms", version="minha", body_pt=OWN, body_en="Mine")
    price_list.install()
    assert LegalDocument.objects.filter(kind="terms").count() == 1
    assert legal.versions() == {"terms": "minha", "privacy": "2", "withdrawal": "2"}


@pytest.mark.parametrize(
    ("language", "unnamed", "kinds"),
    [
        ("pt", "uma empresa que indicamos a pedido", ("Pagamento", "Validação da morada", "Transporte", "Alojamento", "Envio de email")),
        ("en", "a company that we name on request", ("Payment", "Checking the address", "Delivery", "Hosting", "Sending email")),
    ],
)  # fmt: skip
def test_the_privacy_text_lists_who_processes_personal_data(
    language: str, unnamed: str, kinds: tuple[str, ...]
) -> None:
    """P3: each kind is there; the names are the studio's own, and none is left blank."""
    price_list.install()
    document = LegalDocument.objects.get(kind="privacy")
    with translation.override(language):
        assert legal.text(document, ShopSettings()).count(unnamed) == 3
        named = ShopSettings(carrier="CTT – Correios", hosting_provider="Nuvem, S.A.", email_provider="Correio, Lda.")
        text = legal.text(document, named)
    assert unnamed not in text
    assert [kind for kind in kinds if f"- **{kind}" not in text] == []
    for name in (
        "Stripe Payments Europe, Ltd.",
        "Google Ireland Ltd.",
        "CTT – Correios",
        "Nuvem, S.A.",
        "Correio, Lda.",
    ):
        assert name in text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Ver https://www.cnpd.pt.", 'Ver <a href="https://www.cnpd.pt">https://www.cnpd.pt</a>.'),
        ("(www.cnpd.pt)", '(<a href="https://www.cnpd.pt">www.cnpd.pt</a>)'),
        ("https://a.pt/?b=1&c=2", '<a href="https://a.pt/?b=1&amp;c=2">https://a.pt/?b=1&amp;c=2</a>'),
        ("ola@margem.example, telefone", '<a href="mailto:ola@margem.example">ola@margem.example</a>, telefone'),
        ("1200-283 Lisboa", '<span class="whole">1200-283</span> Lisboa'),
        ("https://a.pt/1200-283", '<a href="https://a.pt/1200-283">https://a.pt/1200-283</a>'),
        ("javascript:alert(1) ftp://a.pt", "javascript:alert(1) ftp://a.pt"),
        ('https://a.pt/"onclick="x', '<a href="https://a.pt/&quot;onclick=&quot;x">https://a.pt/&quot;onclick=&quot;x</a>'),
    ],
)  # fmt: skip
def test_addresses_in_a_legal_text_are_links(text: str, html: str) -> None:
    """P2: the complaints book and the authority are one tap away; nothing else becomes markup (S1)."""
    assert markup(text) == f"<p>{html}</p>"
