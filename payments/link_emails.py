"""Mails about links: the payer's receipt, and to the owner what was paid or needs a look."""

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation

from orders.models import ShopSettings
from payments.models import LinkPayment

KINDS = ("receipt", "paid", "review", "refund_failed", "dispute")


def email_link(payment_id: int, kind: str) -> None:
    """Sends one plain mail; raises on SMTP errors, for the outbox to retry."""
    if kind not in KINDS:
        raise ValueError(kind)
    payment = LinkPayment.objects.select_related("link").get(pk=payment_id)
    receipt = kind == "receipt"
    with translation.override(payment.language if receipt else settings.LANGUAGE_CODE):
        context = {
            "payment": payment,
            "link": payment.link,
            "kind": kind,
            "shop": ShopSettings.objects.first(),
            "admin_url": f"{settings.SITE_URL}/admin/payments/linkpayment/{payment.pk}/change/",
        }
        subject = render_to_string("payments/emails/link_subject.txt", context)
        body = render_to_string("payments/emails/link.txt", context)
    to = payment.email if receipt else settings.OWNER_EMAIL
    send_mail(" ".join(subject.split()), body, settings.DEFAULT_FROM_EMAIL, [to])
