"""The studio's logo in the head of every mail, and its preview in the admin."""

import io
from email.message import EmailMessage

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from orders import email_photos, emails, mailing
from orders.mailing import Mail
from orders.models import Question, ShopSettings
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg
from uploads import storage
from uploads.tests.s3_server import S3Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(s3: S3Server) -> ShopSettings:
    """A studio whose logo is 800 × 200 px, half transparent."""
    picture = io.BytesIO()
    Image.new("RGBA", (800, 200), (200, 30, 30, 128)).save(picture, "PNG")
    shop = ShopSettings(pk=1, studio_name="Estúdio Luz", email="estudio@example.test")
    shop.logo.save("logo.png", ContentFile(picture.getvalue()))
    return shop


def mails() -> dict[str, Mail]:
    order = OrderFactory(paid=True)
    asked = Question.objects.create(order=order, text="Chega até sexta?")
    return {
        "shipped": emails.customer_mail(order, "shipped", "<a@b.example>"),
        "refunded": emails.customer_mail(order, "refunded", "<a@b.example>"),
        "owner": emails.owner_mail(order, "<a@b.example>"),
        "alarm": emails.alarm_mail(order, "<a@b.example>"),
        "question": emails.question_mail(asked, "<a@b.example>"),
    }


def test_every_mail_has_the_logo_inside_with_the_studios_name_beside_it(shop: ShopSettings) -> None:
    """O4: inline, small, and readable where a mail program shows no images."""
    for kind, mail in mails().items():
        assert 'src="cid:logo" width="192" height="48" alt="Estúdio Luz"' in mail.html, kind
        parts = [part for part in mailing.mime(mail).walk() if part["Content-ID"] == "<logo>"]
        assert [part.get_content_type() for part in parts] == ["image/png"], kind
        logo = parts[0]
        assert isinstance(logo, EmailMessage)
        assert logo.get_content_disposition() == "inline"
        with Image.open(io.BytesIO(logo.get_content())) as image:
            assert (image.size, image.mode) == ((384, 96), "RGBA")


def test_without_a_logo_or_without_storage_the_mails_have_the_name(shop: ShopSettings, s3: S3Server) -> None:
    """A mail about money does not wait for a picture."""
    s3.stop()
    assert email_photos.logo(shop) == {}
    shop.logo.name = ""
    shop.save()
    for kind, mail in mails().items():
        assert "cid:logo" not in mail.html, kind
        assert ">Estúdio Luz</td>" in mail.html, kind


def test_a_preview_shows_each_photo_as_itself_also_the_tenth(shop: ShopSettings) -> None:
    """photo1 is also how photo10 begins."""
    mail = Mail("a@b.example", "", "", '"cid:photo1" "cid:photo10" "cid:logo"', "", "pt")
    mail.images = {"photo1": jpeg(seed=1), "photo10": jpeg(seed=2), "logo": email_photos.logo(shop)["logo"]}
    first, tenth, logo = emails.with_images(mail).split()
    assert first.startswith('"data:image/jpeg;base64,')
    assert tenth.startswith('"data:image/jpeg;base64,')
    assert logo.startswith('"data:image/png;base64,')
    assert first != tenth


def test_the_logos_own_page_answers_politely_whatever_the_storage_does(
    shop: ShopSettings, s3: S3Server, client: Client
) -> None:
    """C50: an outage of S3 is no failure of the shop; 503 is not kept, and the picture is back when S3 is."""
    shop.save()
    shown = client.get("/logo/")
    assert (shown.status_code, shown["Content-Type"], shown["Cache-Control"]) == (
        200,
        "image/png",
        "public, max-age=300",
    )
    assert shown.content == storage.read(str(shop.logo.name))
    s3.stop()
    away = client.get("/logo/")
    assert (away.status_code, away["Retry-After"], away["Cache-Control"]) == (503, "60", "no-store")
    s3.start()
    assert client.get("/logo/").status_code == 200
    storage.delete(str(shop.logo.name))
    assert client.get("/logo/").status_code == 404
