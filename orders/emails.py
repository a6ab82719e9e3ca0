"""Emails about orders: to the customer at each step in the order's language, to the owner, each once (O4).

An email is identified by order and kind. Its row (SentEmail) is written before the first try and marked when the mail
server took it; a worker that dies between the two sends again, with the same Message-ID, by which mail programs and
servers recognise the copy. That is as far as SMTP allows.
"""

import base64
import dataclasses
from collections.abc import Callable

import structlog
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from orders import email_context, email_photos, mailing
from orders.email_kinds import AT_THE_BANK, KINDS, Kind
from orders.mailing import Mail
from orders.models import Order, Question, SentEmail, ShopSettings
from outbox import message_ids

log = structlog.get_logger(__name__)
OWNER_LANGUAGE = settings.LANGUAGE_CODE
BEFORE_PAYMENT = ("awaiting", "failed", "voucher_reminder")  # what an order is told while it waits for its payment


def send_to_customer(order_id: int, kind: str) -> None:
    """Sends the email of that kind ("shipped"; "refunded:7" for the one about refund 7) unless it was sent before, or
    waited and asks for a payment that has come meanwhile, is not wanted any more, or whose customer nobody knows any more.

    Raises mailing.MailUnavailable (try again) or mailing.Refused.
    """
    order = Order.objects.get(pk=order_id)
    if kind.partition(":")[0] in BEFORE_PAYMENT:
        if order.state != Order.State.PENDING:
            return
        if not email_context.recipient(order).email:
            log.warning("nobody_to_write_to", order=order.number, kind=kind)  # Redis was emptied meanwhile (C49)
            return
    _once(order, _occurrence(order, kind), lambda message_id: customer_mail(order, kind, message_id))


def send_to_owner(order_id: int) -> None:
    """The new order with its prints, address, thumbnails and, while small, the photos themselves."""
    order = Order.objects.get(pk=order_id)
    _once(order, "owner", lambda message_id: owner_mail(order, message_id))


def send_alarm(order_id: int) -> None:
    """Tells the owner that storing the order's photos gave up."""
    order = Order.objects.get(pk=order_id)
    _once(order, f"alarm:{timezone.localdate()}", lambda message_id: alarm_mail(order, message_id))


def send_question(order_id: int, question_id: int) -> None:
    """A customer's question, to the owner."""
    question = Question.objects.select_related("order").get(pk=question_id, order_id=order_id)
    _once(question.order, f"question:{question.pk}", lambda message_id: question_mail(question, message_id))


def preview(order: Order, kind: str, language: str) -> Mail:
    """The email as the customer would see it, with its images inside the HTML, for the admin."""
    mail = customer_mail(order, kind, "<preview@localhost>", language=language, to="preview@example.test")
    return dataclasses.replace(mail, html=with_images(mail), images={})


def with_images(mail: Mail) -> str:
    """The HTML with its images inside, for a browser."""
    html = mail.html
    for cid, image in mail.images.items():
        data = f"data:image/{mailing.image_type(image)};base64,{base64.b64encode(image).decode()}"
        html = html.replace(f'"cid:{cid}"', f'"{data}"')  # whole: photo1 also begins photo10
    return html


def customer_mail(order: Order, kind: str, message_id: str, *, language: str = "", to: str = "") -> Mail:
    """The email of that kind, ready to send."""
    language = language or order.language
    person = email_context.recipient(order)
    with translation.override(language):
        base = kind.partition(":")[0]
        reference = email_context.voucher(order, kind)
        texts = _texts(order, base, waits=reference is not None)
        shop = ShopSettings.load()
        names = {"number": order.number, "studio": shop.studio_name}
        images = email_photos.logo(shop) | (_images(order) if {"prints", "missing"} & set(texts.shows) else {})
        context = email_context.customer(order, shop, texts, images, person.name, reference)
        context |= {"heading": texts.heading % names, "text": texts.text % names, "button": texts.button}
        return Mail(
            to=to or person.email,
            to_name=person.name,
            subject=f"{texts.subject % names} · {shop.studio_name}",
            text=render_to_string("orders/emails/customer.txt", context),
            html=render_to_string("orders/emails/customer.html", context),
            message_id=message_id,
            language=language,
            reply_to=shop.email,
            images=images,
        )


def _texts(order: Order, base: str, *, waits: bool) -> Kind:
    """What the email says; `waits`: there is a reference to be paid."""
    if base == "awaiting" and not waits:
        return AT_THE_BANK
    return KINDS["ready_pickup" if base == "ready" and order.method == Order.Method.PICKUP else base]


def owner_mail(order: Order, message_id: str) -> Mail:
    """The owner's email about a new order, in the shop's default language."""
    with translation.override(OWNER_LANGUAGE):
        shop = ShopSettings.load()
        images = email_photos.logo(shop) | _images(order)
        attachments = email_photos.attachments(order)
        context = email_context.owner(order, shop, images, attached=len(attachments))
        return Mail(
            to=settings.OWNER_EMAIL,
            subject=_("New order %(number)s: %(prints)s prints, %(name)s")
            % {"number": order.number, "prints": order.prints, "name": order.name},
            text=render_to_string("orders/emails/owner.txt", context),
            html=render_to_string("orders/emails/owner.html", context),
            message_id=message_id,
            language=OWNER_LANGUAGE,
            reply_to=order.email,
            images=images,
            attachments=attachments,
        )


def alarm_mail(order: Order, message_id: str) -> Mail:
    """Storing gave up: what happened and where to press "retry"."""
    with translation.override(OWNER_LANGUAGE):
        shop = ShopSettings.load()
        images = email_photos.logo(shop)
        context = email_context.alarm(order, shop, images)
        return Mail(
            to=settings.OWNER_EMAIL,
            subject=_("The photos of order %(number)s could not be stored") % {"number": order.number},
            text=render_to_string("orders/emails/alarm.txt", context),
            html=render_to_string("orders/emails/alarm.html", context),
            message_id=message_id,
            language=OWNER_LANGUAGE,
            images=images,
        )


def question_mail(question: Question, message_id: str) -> Mail:
    """What a customer asks, with the order's link; a reply goes to the customer."""
    order = question.order
    with translation.override(OWNER_LANGUAGE):
        shop = ShopSettings.load()
        images = email_photos.logo(shop)
        context = email_context.question(question, shop, images)
        return Mail(
            to=settings.OWNER_EMAIL,
            subject=str(context["heading"]),
            text=render_to_string("orders/emails/question.txt", context),
            html=render_to_string("orders/emails/question.html", context),
            message_id=message_id,
            language=OWNER_LANGUAGE,
            reply_to=order.email,
            images=images,
        )


def _once(order: Order, kind: str, build: Callable[[str], Mail]) -> None:
    row, _created = SentEmail.objects.get_or_create(
        order=order, kind=kind, defaults={"message_id": message_ids.of(f"{order.number}.{kind}")}
    )
    if row.sent_at is not None:
        return
    mailing.send(build(row.message_id))
    SentEmail.objects.filter(pk=row.pk, sent_at=None).update(sent_at=timezone.now())


def _occurrence(order: Order, kind: str) -> str:
    """An order may need photos more than once, each time with a mail of its own."""
    if kind != "needs_photos":
        return kind
    event = order.events.filter(to_state=Order.State.NEEDS_PHOTOS).order_by("-pk").first()
    return f"{kind}:{event.pk}" if event else kind


def _images(order: Order) -> dict[str, bytes]:
    """Inline thumbnails by content id, of the first photos."""
    images = {}
    for photo in order.photos.order_by("seq")[: email_photos.MOST_INLINE]:
        jpeg = email_photos.thumbnail(photo)
        if jpeg:
            images[email_context.cid(photo)] = jpeg
    return images
