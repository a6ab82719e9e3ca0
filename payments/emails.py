"""Mails to the owner about money that needs a look: review, dispute, failed refund. No customer's data in them."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from outbox import owner_notes
from payments.models import PaymentAttempt

KINDS = (
    "review",
    "review_versions",
    "review_again",
    "returned",
    "dispute",
    "refund_failed",
    "refunded_at_stripe",
    "cancelled",
    "photos_missing",
    "photos_overdue",
)


def email_owner(attempt_id: int, kind: str, occurrence: str = "") -> None:
    """Sends the owner one plain mail with a link to the order's page; raises on SMTP errors, for the outbox to retry.

    `occurrence` tells the refunds or disputes of one payment apart.
    """
    if kind not in KINDS:
        raise ValueError(kind)
    attempt = PaymentAttempt.objects.select_related("order").get(pk=attempt_id)
    with translation.override(settings.LANGUAGE_CODE):
        context = {
            "attempt": attempt,
            "order": attempt.order,
            "kind": kind,
            "received": f"{(attempt.received_cents or 0) / 100:.2f} {attempt.currency}",
            "expected": f"{attempt.order.total_cents / 100:.2f} {attempt.order.currency}",
            "admin_url": f"{settings.SITE_URL}/admin/orders/order/{attempt.order_id}/change/",
        }
        subject = render_to_string("payments/emails/owner_subject.txt", context).strip()
        body = render_to_string("payments/emails/owner.txt", context)
    owner_notes.send(subject, body, key=f"{attempt.public_id}.{kind}.{occurrence}")
