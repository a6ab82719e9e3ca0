"""A payment link that waits for Multibanco, and the mails to who pays by a link, as a browser shows them."""

import datetime
import itertools
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from payments import link_emails
from payments.models import LinkPayment, LinkRefund, PaymentLink
from tests.browser.test_email_looks import mail_page, plain, shown

__all__ = ["mail_page"]  # a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

WORDS = "Álbum de casamento, 30 × 30 cm, 40 páginas"


def waiting() -> LinkPayment:
    """A payment whose reference was issued."""
    link = PaymentLink.objects.create(description=WORDS, amount_cents=18_500)
    until = timezone.now() + datetime.timedelta(days=3)
    return LinkPayment.objects.create(
        link=link,
        state="pending",
        amount_cents=18_500,
        expires_at=until,
        voucher={"entity": "21800", "reference": "123 456 789", "expires_at": until.isoformat()},
    )


@pytest.mark.parametrize(("size", "language", "dark"), [("narrow", "pt", False), ("desktop", "en", True)])
def test_a_link_that_waits_shows_how_to_pay(
    shop_page: Callable[..., Page], looks_right: Callable[[Page, str], None], size: str, language: str, dark: bool
) -> None:
    """C29: entity and reference can be read and fit the screen; nothing invites to pay a second time."""
    payment = waiting()
    page = shop_page(size, language, dark=dark)
    page.goto(f"/pay/{payment.link.token}/")
    expect(page.locator("h1")).to_have_text(WORDS)
    expect(page.locator(".voucher dd")).to_have_count(3)
    expect(page.locator(".voucher")).to_contain_text("123 456 789")
    expect(page.locator("main button")).to_have_count(0)
    looks_right(page, "link-voucher")


@pytest.mark.parametrize(("kind", "language"), list(itertools.product(link_emails.PAYER, ["pt", "en"])))
def test_a_mail_about_a_link_fits_its_screen_and_says_what_it_must(mail_page: Page, kind: str, language: str) -> None:
    """O4, P2: nothing runs out of a narrow screen; what it is for, the seller and the payment are there."""
    payment = waiting()
    LinkPayment.objects.filter(pk=payment.pk).update(
        state="confirmed", received_cents=18_500, confirmed_at=timezone.now(), email="ana@example.test"
    )
    refund = LinkRefund.objects.create(payment=payment, amount_cents=1250, state="succeeded")
    payment.refresh_from_db()
    occurrence = refund.public_id if kind == "refunded" else ""
    mail = link_emails.payer_mail(payment, kind, to="a@b.example", occurrence=occurrence, language=language)
    assert shown(mail_page, mail, f"link-{kind}-{language}") == []
    text = plain(mail_page.locator("body").inner_text())
    expected = [WORDS, payment.public_id, "Margem Fotografia, Lda.", "509442013", "Livro de Reclamações"]
    assert [part for part in expected if part not in text] == []
    assert mail_page.locator("h1").count() == 1
    assert ("123 456 789" in text) == link_emails.PAYER[kind].voucher
    assert mail_page.locator("s").count() == (3 if kind == "voucher_closed" else 0)
