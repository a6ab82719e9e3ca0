"""Mails about payments by link: to the payer, in the payer's language, as HTML and text; to the owner a plain note of what
was paid, went back or needs a look."""

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orders import email_context, email_photos, mailing
from orders.mailing import Mail
from orders.models import ShopSettings
from orders.templatetags.money import euros
from outbox import message_ids, owner_notes
from payments import gateway, link_vouchers
from payments.models import LinkPayment


@dataclass(frozen=True)
class Words:
    """Texts may name %(words)s, what is paid for; %(due)s and %(sum)s, what was asked for and what came; %(date)s, when;
    %(refund)s, what went back."""

    subject: StrPromise
    heading: StrPromise
    text: StrPromise
    voucher: bool = False


PAYER = {
    "receipt": Words(
        _("Receipt: %(words)s"), _("Receipt"), _("Thank you. We received %(sum)s on %(date)s for: %(words)s.")
    ),
    "voucher": Words(
        _("How to pay: %(words)s"),
        _("Pay by Multibanco"),
        _(
            "With this reference you pay at a cash machine or in your bank's app for: %(words)s. The receipt comes by email."
        ),
        voucher=True,
    ),
    "voucher_reminder": Words(
        _("The reference runs out tomorrow: %(words)s"),
        _("A day left to pay"),
        _(
            "Your Multibanco reference is about to run out, for: %(words)s. If you have paid in the meantime, all is well."
        ),
        voucher=True,
    ),
    "voucher_closed": Words(
        _("Please do not pay: %(words)s"),
        _("Please do not pay this reference"),
        _(
            "The studio has closed the payment link for: %(words)s. Please do not pay the reference below. "
            "If you have paid it already, you get the money back; you need not do anything."
        ),
        voucher=True,
    ),
    "failed": Words(
        _("The payment did not go through: %(words)s"),
        _("The payment did not go through"),
        _(
            "We have received no money for: %(words)s, and nothing was charged. As long as the payment link is open "
            "you can pay again by it."
        ),
    ),
    "paid_twice": Words(
        _("Your payment goes back to you: %(words)s"),
        _("Your payment goes back to you"),
        _("We received %(sum)s for: %(words)s. This had been paid already: you get all of it back, the way you paid."),
    ),
    "too_late": Words(
        _("Your payment goes back to you: %(words)s"),
        _("Your payment goes back to you"),
        _(
            "We received %(sum)s for: %(words)s, after the studio had closed the payment link: "
            "you get all of it back, the way you paid."
        ),
    ),
    "refunded": Words(
        _("Refund: %(words)s"),
        _("Money is on its way back to you"),
        _("We have refunded %(refund)s for: %(words)s. How soon it is in your account depends on your bank."),
    ),
}
OWNER = ("paid", "review", "returned", "refund_failed", "refunded_at_stripe", "dispute")
KINDS = (*PAYER, *OWNER)


def email_link(payment_id: int, kind: str, occurrence: str = "") -> None:
    """Sends one mail; `occurrence` is a refund's public id where it is about one. Without the payer's address nothing,
    nor what is no longer true of a reference.

    Raises mailing.MailUnavailable, SMTP errors, GatewayUnavailable: try again; mailing.Refused: trying cannot help.
    """
    payment = LinkPayment.objects.select_related("link").get(pk=payment_id)
    if kind in OWNER:
        _to_owner(payment, kind, occurrence)
    elif not _outdated(payment, kind) and (to := _address(payment)):
        mailing.send(payer_mail(payment, kind, to=to, occurrence=occurrence))


def _outdated(payment: LinkPayment, kind: str) -> bool:
    """The mail waited, and meanwhile its reference was paid or ran out, or is not to be paid any more."""
    if not PAYER[kind].voucher:
        return False
    return payment.voucher is None or (kind != "voucher_closed" and payment.link.closed_at is not None)


def payer_mail(payment: LinkPayment, kind: str, *, to: str, occurrence: str = "", language: str = "") -> Mail:
    """The mail of that kind (a key of PAYER), ready to send."""
    shop, language = ShopSettings.load(), language or payment.language
    with translation.override(language):
        words, values, images = PAYER[kind], _values(payment, occurrence), email_photos.logo(shop)
        context = email_context.studio(shop, images) | {
            "payment": payment,
            "order": {"number": payment.public_id},
            "heading": words.heading,
            "text": words.text % values,
            "voucher": link_vouchers.shown(payment) if words.voucher else None,
            "dead": kind == "voucher_closed",
        }
        return Mail(
            to=to,
            subject=words.subject % values,
            text=render_to_string("payments/emails/link_payer.txt", context),
            html=render_to_string("payments/emails/link_payer.html", context),
            message_id=message_ids.of(f"{payment.public_id}.{kind}.{occurrence}".rstrip(".")),
            language=language,
            reply_to=shop.email,
            images=images,
        )


def _values(payment: LinkPayment, occurrence: str) -> dict[str, str]:
    refund = payment.refunds.filter(public_id=occurrence).first() if occurrence else None
    came = timezone.localtime(payment.confirmed_at) if payment.confirmed_at else None
    return {
        "words": payment.link.description,
        "due": euros(payment.amount_cents),
        "sum": euros(payment.received_cents),
        "date": date_format(came, "DATE_FORMAT") if came else "",
        "refund": euros(refund.amount_cents if refund else payment.refunded_cents),
    }


def _address(payment: LinkPayment) -> str:
    """The payer's, which PostgreSQL does not hold before the money has come: until then Stripe is asked."""
    return payment.email or gateway.retrieve_session(str(payment.session_id)).email


def _to_owner(payment: LinkPayment, kind: str, occurrence: str) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        context = {
            "payment": payment,
            "link": payment.link,
            "kind": kind,
            "admin_url": f"{settings.SITE_URL}/admin/payments/linkpayment/{payment.pk}/change/",
        }
        subject = render_to_string("payments/emails/link_subject.txt", context)
        body = render_to_string("payments/emails/link.txt", context)
    owner_notes.send(subject, body, key=f"{payment.public_id}.{kind}.{occurrence}")
