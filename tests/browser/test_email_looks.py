"""The HTML emails in Chromium, as a narrow and a wide mail program show them, in Portuguese and English.

Pictures are kept in test-artifacts/emails/; `make screenshots` copies some into docs/screenshots/.
"""

import itertools
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import translation
from playwright.sync_api import Browser, Page

from orders import emails, links
from orders.email_kinds import KINDS
from orders.mailing import Mail
from orders.models import Order, Question
from tests.browser.conftest import ARTIFACTS, studio
from tests.browser.orders import LONG_NAME, REASON, order_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(120)]

WIDTHS = (360, 1000)
FOLDER = ARTIFACTS / "emails"
ORDERS = {  # in which state an order is when the email is written
    "confirmed": "paid",
    "awaiting": "awaiting",
    "failed": "unpaid",
    "in_production": "in-production",
    "ready": "ready",
    "ready_pickup": "ready-pickup",
    "shipped": "shipped",
    "delivered": "delivered",
    "refunded": "partly-refunded",
    "needs_photos": "needs-photos",
    "replace_photo": "replace-photo",
    "photos_reminder": "needs-photos",
    "voucher_reminder": "awaiting",
    "voucher_replaced": "awaiting",
    "paid_twice": "in-production",
    "cancelled": "cancelled",
    "cancelled_unpaid": "unpaid",
}
THUMBNAILS = {kind: 3 for kind, texts in KINDS.items() if "prints" in texts.shows}
THUMBNAILS |= {kind: 1 for kind, texts in KINDS.items() if "missing" in texts.shows}
SAYS = {  # what each must tell, besides heading, order number and the link
    "confirmed": ("12,80 €", "2,39 €", "Rua Augusta 100", "1100-053 Lisboa", LONG_NAME[:40], "fatura"),
    "awaiting": ("21800", "123 456 789", "12,80 €"),
    "failed": ("12,80 €", "Tentar novamente"),
    "ready_pickup": ("Rua do Norte 12", "Terça a sábado, 10h–18h"),
    "shipped": ("CTT", "RT482915637PT", "Rua Augusta 100", "fatura"),
    "refunded": ("0,60 €",),
    "needs_photos": (LONG_NAME,),
    "replace_photo": (LONG_NAME, REASON),
    "photos_reminder": (LONG_NAME,),
    "voucher_reminder": ("21800", "123 456 789"),
    "voucher_replaced": ("21800", "123 456 789"),
}


def shown(page: Page, mail: Mail, name: str) -> list[str]:
    """The mail in the page at both widths, a picture of each; what is wrong with it."""
    html = emails.with_images(mail)
    FOLDER.mkdir(parents=True, exist_ok=True)
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        page.set_content(html)
        wide = page.locator("html").evaluate("node => node.scrollWidth")
        wrong += [f"{wide} px wide at {width}"] if wide > width else []
        page.screenshot(path=FOLDER / f"{name}-{width}.png", full_page=True)
    return wrong


def pictures(page: Page) -> list[tuple[str, int, int]]:
    """Of each image: its alternative text, and its natural and its shown width."""
    found: list[tuple[str, int, int]] = page.locator("img").evaluate_all(
        "all => all.map((image) => [image.alt, image.naturalWidth, image.clientWidth])"
    )
    return found


def plain(text: str) -> str:
    return " ".join(text.replace("\xa0", " ").split())


@pytest.fixture
def mail_page(browser: Browser) -> Iterator[Page]:
    studio()
    page = browser.new_page()
    yield page
    page.close()


def test_every_kind_of_email_is_looked_at() -> None:
    assert set(ORDERS) == set(KINDS)


@pytest.mark.parametrize(("kind", "language"), list(itertools.product(sorted(KINDS), ["pt", "en"])))
def test_an_email_fits_its_screen_and_says_what_it_must(mail_page: Page, kind: str, language: str) -> None:
    """O4, P2: nothing runs out of a narrow screen, pictures have a text, the seller and the link are there."""
    order = order_in(ORDERS[kind], language=language)
    mail = emails.customer_mail(order, "ready" if kind == "ready_pickup" else kind, "<a@b.example>", to="a@b.example")
    assert shown(mail_page, mail, f"{kind}-{language}") == []
    text = plain(mail_page.locator("body").inner_text())
    with translation.override(language):
        heading = str(KINDS[kind].heading)
    expected = [heading, order.number, "Margem Fotografia, Lda.", "509442013", "Livro de Reclamações"]
    expected += SAYS.get(kind, ()) if language == "pt" else ()
    assert [part for part in expected if plain(part) not in text] == []
    assert ("Mate" if language == "en" else "Matte") not in text.replace("·", " ").split()
    assert mail_page.locator("h1").count() == 1
    mail_page.set_viewport_size({"width": WIDTHS[0], "height": 700})
    spans = "[...document.querySelectorAll('span')].filter((node) => node.innerText === text)"
    lines = f"(text) => {spans}.map((node) => node.getClientRects().length)"
    assert mail_page.evaluate(lines, order.number)[-1:] == [1]  # the footer's number stays on one line
    assert mail_page.locator(f'a[href="{links.absolute(order)}"]').count() >= 1
    images = pictures(mail_page)
    assert len(images) == THUMBNAILS.get(kind, 0)
    assert all(alt and natural > 0 and 0 < width <= 96 for alt, natural, width in images)


@pytest.mark.parametrize("kind", ["owner", "owner-flagged", "alarm", "question"])
def test_the_owners_mails_fit_their_screen(mail_page: Page, kind: str) -> None:
    order = order_in("needs-photos" if kind == "owner-flagged" else "paid")
    Order.objects.filter(pk=order.pk).update(address_flagged=kind == "owner-flagged")
    order.refresh_from_db()
    asked = Question.objects.create(order=order, text="Chega até sexta-feira?\nÉ para um aniversário.")
    mail = {
        "alarm": lambda: emails.alarm_mail(order, "<a@b.example>"),
        "question": lambda: emails.question_mail(asked, "<a@b.example>"),
    }.get(kind, lambda: emails.owner_mail(order, "<a@b.example>"))()
    assert shown(mail_page, mail, kind) == []
    text = plain(mail_page.locator("body").inner_text())
    assert order.number in text
    assert mail_page.locator(f'a[href^="{settings.SITE_URL}/admin/"]').count() >= 1
    images = pictures(mail_page)
    assert len(images) == (3 if kind.startswith("owner") else 0)
    assert all(alt and natural > 0 for alt, natural, _width in images)
    assert ("não foi possível verificar" in text.lower() or "morada" in text) if kind == "owner-flagged" else True
