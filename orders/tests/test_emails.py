"""Emails about orders: what they say, in which language, once, and to nobody else (O4, C29, C49, C50, P2)."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import LazySettings
from django.utils import timezone
from structlog.testing import capture_logs

from local import ports
from local.fixtures import Mailbox
from orders import emails, fulfilment, links, mailing, services, snapshots
from orders.email_kinds import KINDS
from orders.models import Order, OrderPhoto, SentEmail, ShopSettings
from orders.snapshots import Snapshot
from orders.tests.factories import OrderFactory
from orders.tests.paid_orders import jpeg, paid_order
from outbox.models import OutboxMessage
from uploads.tests.s3_server import S3Server

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop(db: None) -> ShopSettings:
    return ShopSettings.objects.create(
        pk=1,
        studio_name="Estúdio Luz",
        legal_name="Luz & Sombra, Lda.",
        address="Rua do Carmo 1\n1200-093 Lisboa",
        nipc="123456789",
        email="estudio@example.test",
        colour="#123456",
        pickup_hours_pt="9h–18h",
    )


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def inline_images(mail: EmailMessage) -> dict[str, bytes]:
    return {
        str(part["Content-ID"]).strip("<>"): part.get_payload(decode=True)  # type: ignore[misc]  # bytes, when decoded
        for part in mail.walk()
        if part.get_content_disposition() == "inline"
    }


def sent(mailbox: Mailbox, order: Order, kind: str) -> EmailMessage:
    emails.send_to_customer(order.pk, kind)
    return mailbox.messages()[-1]


def test_a_confirmation_shows_prints_totals_address_and_the_signed_link(mailbox: Mailbox) -> None:
    """O4, P2: text and HTML, in English here, with the seller's data."""
    order = paid_order([jpeg(seed=1)], filenames=["Praia da Rocha.jpg"], language="en")
    mail = sent(mailbox, order, "confirmed")
    assert mail["To"] == "Maria João Ângelo <maria@example.test>"
    assert mail["Subject"] == f"Your order {order.number} is confirmed · Estúdio Luz"
    assert mail["Reply-To"] == "estudio@example.test"
    assert mail["Content-Language"] == "en"
    for form in ("plain", "html"):
        text = body(mail, form).replace("&amp;", "&").replace("\xa0", " ")
        for expected in (
            order.number,
            links.absolute(order),
            "Praia da Rocha.jpg",
            "10 × 15 cm",
            "2 prints",
            "€0.70",
            "€4.60",
            "Rua Augusta 100",
            "1100-053 Lisboa",
            "Luz & Sombra, Lda.",
            "123456789",
            "livroreclamacoes.pt",
            "not an invoice",
        ):
            assert expected in text, (form, expected)


@pytest.mark.parametrize("language", ["pt", "en"])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"ready_pickup"}))
def test_every_kind_can_be_sent_in_both_languages(mailbox: Mailbox, kind: str, language: str) -> None:
    """O4: subject, greeting, number, link and seller in each."""
    order = paid_order([jpeg(seed=1)], language=language)
    if kind in emails.BEFORE_PAYMENT:
        Order.objects.update(state="pending")
    mail = sent(mailbox, order, kind)
    assert order.number in mail["Subject"]
    assert mail["Content-Language"] == language
    html, text = body(mail, "html"), body(mail, "plain")
    assert f'lang="{"pt-PT" if language == "pt" else "en"}"' in html
    assert links.absolute(order).split("?")[0] in html
    assert links.absolute(order) in text
    assert "Estúdio Luz" in html
    assert "Maria João Ângelo" in html
    assert "%(" not in html + text + str(mail["Subject"])
    assert ("our order" in mail["Subject"]) == (language == "en")


def test_a_shipped_mail_carries_the_tracking_number_and_the_carriers_link(mailbox: Mailbox) -> None:
    """O4"""
    order = paid_order([jpeg(seed=1)], language="en", carrier="CTT Expresso", tracking="DA123456789PT")
    mail = sent(mailbox, order, "shipped")
    for form in ("plain", "html"):
        assert "DA123456789PT" in body(mail, form)
        assert "https://appserver.ctt.pt/" in body(mail, form)


def test_an_unknown_carrier_has_no_link(mailbox: Mailbox) -> None:
    order = paid_order([jpeg(seed=1)], language="en", carrier="O meu primo", tracking="1")
    html = body(sent(mailbox, order, "shipped"), "html")
    assert "O meu primo" in html
    assert "Follow the parcel" not in html


def test_a_pickup_order_that_is_ready_says_where_and_when(mailbox: Mailbox) -> None:
    order = paid_order([jpeg(seed=1)], language="en", method="pickup")
    mail = sent(mailbox, order, "ready")
    assert "ready to be picked up" in mail["Subject"]
    for form in ("plain", "html"):
        assert "Rua do Carmo 1" in body(mail, form)
        assert "9h–18h" in body(mail, form)


def awaiting() -> Order:
    """An order whose customer chose a delayed method: the address is in Redis alone."""
    order: Order = OrderFactory(language="en", payment_state="awaiting")
    delivery: dict[str, object] = {"email": "ana@example.test", "name": "Ana"}
    snapshots.save(order.number, Snapshot(order.number, order.draft_id, delivery, {}, []), 60)
    return order


def test_an_awaiting_mail_carries_the_voucher(mailbox: Mailbox) -> None:
    """C29: entity, reference, amount and expiry."""
    order = awaiting()
    voucher = {"entity": "11249", "reference": "123 456 789", "amount_cents": 460, "expires_at": "2026-11-28T20:00:00Z"}
    order.attempts.create(method="checkout", amount_cents=460, voucher=voucher)
    mail = sent(mailbox, order, "awaiting")
    for form in ("plain", "html"):
        for expected in ("11249", "123 456 789", "€4.60", "28 November 2026, 20:00"):
            assert expected in body(mail, form)


def test_missing_photos_are_named_with_the_link_to_send_them_again(mailbox: Mailbox) -> None:
    """C49"""
    order = paid_order([jpeg(seed=1), jpeg(seed=2)], filenames=["uma.jpg", "outra.jpg"], language="en")
    gone = order.photos.get(seq=2)
    services.need_photos(order, [gone.photo_id])
    text = body(sent(mailbox, order, "needs_photos"), "plain")
    assert "outra.jpg" in text
    assert "uma.jpg" not in text
    assert links.absolute(order) in text


def test_an_unpaid_orders_mail_goes_to_the_address_in_redis_and_writes_none_to_the_database(mailbox: Mailbox) -> None:
    """DESIGN §3: before payment PostgreSQL knows no address."""
    order: Order = OrderFactory(language="en")
    delivery: dict[str, object] = {"email": "ana@example.test", "name": "Ana"}
    snapshots.save(order.number, Snapshot(order.number, order.draft_id, delivery, {}, []), 60)
    mail = sent(mailbox, order, "awaiting")
    assert mail["To"] == "Ana <ana@example.test>"
    assert list(Order.objects.values_list("email", "name")) == [("", "")]
    assert "ana" not in str(list(SentEmail.objects.values())).lower()


@pytest.mark.parametrize("kind", emails.BEFORE_PAYMENT)
def test_nobody_is_written_to_once_redis_was_emptied(mailbox: Mailbox, kind: str) -> None:
    """C49: PostgreSQL knows no address before payment, so nothing is left to be tried again, nor for the owner to retry."""
    order: Order = OrderFactory()
    with capture_logs() as logged:
        emails.send_to_customer(order.pk, kind)
    assert mailbox.messages() == []
    assert [(line["event"], line["kind"]) for line in logged] == [("nobody_to_write_to", kind)]


def test_a_refund_that_nobody_can_be_told_of_is_given_up_for_the_owner_to_see(mailbox: Mailbox) -> None:
    """C38: money went back of an order that was never paid for, and Redis was emptied: Stripe knows whom to write to."""
    order: Order = OrderFactory()
    with pytest.raises(mailing.Refused):
        emails.send_to_customer(order.pk, "refunded:1")
    assert mailbox.messages() == []


def test_each_mail_is_sent_once_however_often_it_is_asked_for(mailbox: Mailbox) -> None:
    """O4: the mark is in the database."""
    order = paid_order([jpeg(seed=1)])
    for _time in range(3):
        emails.send_to_customer(order.pk, "confirmed")
        emails.send_to_owner(order.pk)
    assert len(mailbox.messages()) == 2
    assert sorted(SentEmail.objects.values_list("kind", flat=True)) == ["confirmed", "owner"]


def test_a_mail_that_may_have_been_sent_is_repeated_under_the_same_message_id(mailbox: Mailbox) -> None:
    """C46: a worker died between the server's yes and the mark: the copy can be told as one."""
    order = paid_order([jpeg(seed=1)])
    first = sent(mailbox, order, "confirmed")
    SentEmail.objects.update(sent_at=None)
    second = sent(mailbox, order, "confirmed")
    assert len(mailbox.messages()) == 2
    assert first["Message-ID"] == second["Message-ID"] == f"<{order.number}.confirmed@example.test>"


def test_two_mails_about_missing_photos_are_two(mailbox: Mailbox) -> None:
    """C49: an order may need photos twice; each request is one mail."""
    order = paid_order([jpeg(seed=1)])
    for _time in range(2):
        services.need_photos(order, list(order.photos.values_list("photo_id", flat=True)))
        emails.send_to_customer(order.pk, "needs_photos")
        emails.send_to_customer(order.pk, "needs_photos")
        OrderPhoto.objects.update(missing_since=None)
        services.photos_restored(order)
    assert len(mailbox.messages()) == 2


def test_the_owner_gets_the_order_its_photos_and_the_way_to_the_admin(mailbox: Mailbox, settings: LazySettings) -> None:
    order = paid_order([jpeg(seed=1), jpeg(seed=2)], filenames=["praia.jpg", "ao “sol”\r\nBcc: x@y.z.jpg"])
    emails.send_to_owner(order.pk)
    [mail] = mailbox.messages()
    assert mail["To"] == settings.OWNER_EMAIL
    assert mail["Reply-To"] == order.email
    assert order.number in mail["Subject"]
    html = body(mail, "html")
    for expected in (
        order.name,
        order.street,
        order.email,
        "+351 912 345 678",
        order.nif,
        order.note,
        f"/admin/orders/order/{order.pk}/",
    ):
        assert expected in html
    assert sorted(inline_images(mail)) == ["photo1", "photo2"]
    attached = list(mail.iter_attachments())
    assert [part.get_content() for part in attached] == [jpeg(seed=1), jpeg(seed=2)]
    assert [part.get_filename() for part in attached] == ["001 praia.jpg", "002 ao “sol” Bcc: x@y.z.jpg"]
    assert mail["Bcc"] is None


@pytest.mark.parametrize(("over", "attached"), [(0, 1), (1, 0)])
def test_photos_are_attached_up_to_the_limit_only(
    mailbox: Mailbox, settings: LazySettings, over: int, attached: int
) -> None:
    settings.EMAIL_ATTACHMENTS_MAX_MB = 1
    data = jpeg(seed=1)
    order = paid_order([data + bytes(1_000_000 + over - len(data))])
    emails.send_to_owner(order.pk)
    [mail] = mailbox.messages()
    assert len(list(mail.iter_attachments())) == attached


def test_the_owners_mail_attaches_photos_that_are_in_s3_already(mailbox: Mailbox, s3: S3Server) -> None:
    order = paid_order([jpeg(seed=1)])
    fulfilment.store(order.pk)
    emails.send_to_owner(order.pk)
    [mail] = mailbox.messages()
    assert [part.get_content() for part in mail.iter_attachments()] == [jpeg(seed=1)]


@pytest.mark.parametrize("name", ["Ana\r\nBcc: x@example.test", "Ana\nSubject: other", 'Ana" <x@example.test>, "B'])
def test_no_name_can_add_a_header_or_a_recipient(mailbox: Mailbox, name: str) -> None:
    order = paid_order([jpeg(seed=1)])
    Order.objects.filter(pk=order.pk).update(name=name)
    mail = sent(mailbox, order, "confirmed")
    assert [address.addr_spec for address in mail["To"].addresses] == ["maria@example.test"]
    assert mail["Bcc"] is None
    assert mail.get_all("Subject") == [mail["Subject"]]


def test_names_are_escaped_in_html(mailbox: Mailbox) -> None:
    order = paid_order([jpeg(seed=1)], filenames=["<script>alert(1)</script>.jpg"])
    Order.objects.filter(pk=order.pk).update(name="<b>Ana</b>")
    html = body(sent(mailbox, order, "confirmed"), "html")
    assert "<script" not in html
    assert "<b>" not in html


@pytest.mark.parametrize("address", ["", "nobody", "a@b\r\nRCPT TO:<x@y.z>", "josé@example.test"])
def test_an_address_that_is_none_is_refused_and_nothing_is_sent(mailbox: Mailbox, address: str) -> None:
    order = paid_order([jpeg(seed=1)])
    Order.objects.filter(pk=order.pk).update(email=address)
    with pytest.raises(mailing.Refused):
        emails.send_to_customer(order.pk, "confirmed")
    assert mailbox.messages() == []
    assert SentEmail.objects.filter(sent_at__isnull=False).count() == 0


@pytest.mark.parametrize("address", ["ana@a\u05d0c.pt", f"ana@{'ç' * 63}.pt", "nobody", "a@b.pt\r\nBcc: eve@x.test"])
def test_a_customers_address_that_is_none_does_not_keep_the_owners_mail_back(
    mailbox: Mailbox, settings: LazySettings, address: str
) -> None:
    """The first two pass Django's validator, and have no form in ASCII."""
    emails.send_to_owner(paid_order([jpeg(seed=1)], email=address).pk)
    mail = mailbox.messages()[-1]
    assert (mail["To"], mail["Reply-To"], mail["Bcc"]) == (settings.OWNER_EMAIL, None, None)


def test_the_mail_server_away_is_tried_again_and_the_mail_arrives_once(mailbox: Mailbox) -> None:
    """C50"""
    order = paid_order([jpeg(seed=1)])
    mailbox.stop()
    with pytest.raises(mailing.MailUnavailable):
        emails.send_to_customer(order.pk, "confirmed")
    mailbox.start()
    mailbox.refuse = "451 come back later"
    with pytest.raises(mailing.MailUnavailable):
        emails.send_to_customer(order.pk, "confirmed")
    mailbox.refuse = ""
    emails.send_to_customer(order.pk, "confirmed")
    assert len(mailbox.messages()) == 1


class Strict:
    """A mail server that takes no recipient but one, and no mail above `limit` bytes."""

    def __init__(self, code: str = "550", limit: int = 10**9) -> None:
        self.code, self.limit = code, limit
        self.sizes: list[int] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not address.startswith("owner"):
            return f"{self.code} no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - bytes, when decoded
        self.sizes.append(len(envelope.content or b""))
        return "552 too large" if self.sizes[-1] > self.limit else "250 OK"


@pytest.fixture
def strict(settings: LazySettings) -> Iterator[Strict]:
    handler = Strict()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = ports.any_free()
    controller = Controller(handler, hostname="127.0.0.1", port=settings.EMAIL_PORT)
    controller.start()
    yield handler
    controller.stop()


@pytest.mark.parametrize(("code", "error"), [("550", mailing.Refused), ("450", mailing.MailUnavailable)])
def test_a_recipient_refused_for_good_is_given_up_and_one_refused_for_now_is_tried_again(
    strict: Strict, code: str, error: type[Exception]
) -> None:
    strict.code = code
    order = paid_order([jpeg(seed=1)])
    with pytest.raises(error):
        emails.send_to_customer(order.pk, "confirmed")
    assert strict.sizes == []


def test_a_mail_too_large_for_the_server_goes_without_the_photos(strict: Strict) -> None:
    """The owner is told all the same."""
    strict.limit = 400_000
    order = paid_order([jpeg(seed=1) + bytes(1_000_000)])
    emails.send_to_owner(order.pk)
    assert len(strict.sizes) == 2
    assert strict.sizes[0] > 1_000_000
    assert strict.sizes[1] < 400_000
    assert SentEmail.objects.filter(kind="owner", sent_at__isnull=False).count() == 1


def test_a_mail_refused_for_good_is_given_up(mailbox: Mailbox) -> None:
    order = paid_order([jpeg(seed=1)])
    mailbox.refuse = "554 not wanted"
    with pytest.raises(mailing.Refused):
        emails.send_to_customer(order.pk, "confirmed")


def test_the_preview_is_the_mail_with_its_pictures_inside_and_sends_nothing(mailbox: Mailbox) -> None:
    order = paid_order([jpeg(seed=1)], language="pt")
    html = emails.preview(order, "confirmed", "en").html
    assert "Thank you for your order" in html
    assert "cid:" not in html
    assert html.count('src="data:image/jpeg;base64,') == 1
    assert mailbox.messages() == []
    assert not SentEmail.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_the_address_is_shown_to_be_unchecked_to_the_owner(mailbox: Mailbox) -> None:
    """A3: an order accepted while Google was away."""
    order = paid_order([jpeg(seed=1)], address_flagged=True, created_at=timezone.now())
    emails.send_to_owner(order.pk)
    [mail] = mailbox.messages()
    assert "#fff3d6" in body(mail, "html")
