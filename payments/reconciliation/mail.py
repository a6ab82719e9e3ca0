"""The report to the owner: which discrepancies are open, and what to do."""

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from outbox import owner_notes
from payments.models import Discrepancy

LISTED = 50


def email_discrepancies(date: str, occurrence: str = "") -> None:
    """Sends the owner the open discrepancies; none, no mail. Raises on SMTP errors, for the outbox to retry.

    `occurrence` tells the mails of one day apart.
    """
    rows = Discrepancy.objects.filter(resolved_at=None)
    count = rows.count()
    if not count:
        return
    with translation.override(settings.LANGUAGE_CODE):
        context = {
            "date": date,
            "count": count,
            "discrepancies": list(rows[:LISTED]),
            "more": max(0, count - LISTED),
            "admin_url": settings.SITE_URL + reverse("admin:payments_discrepancy_changelist"),
        }
        subject = render_to_string("payments/emails/discrepancies_subject.txt", context)
        body = render_to_string("payments/emails/discrepancies.txt", context)
    owner_notes.send(subject, body, key=f"reconciliation.{date}.{occurrence}")
