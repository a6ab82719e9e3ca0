"""The history of payment links, of what was paid by them and of what went back."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.append_only import append_only
from payments.models.link import LinkPayment, PaymentLink


class LinkEvent(models.Model):
    """What happened to a link or to a payment by it, and who did it when a person did. Never personal data; never changed."""

    link = models.ForeignKey(
        PaymentLink, on_delete=models.PROTECT, related_name="events", verbose_name=_("payment link")
    )
    payment = models.ForeignKey(
        LinkPayment, on_delete=models.PROTECT, null=True, related_name="events", verbose_name=_("payment by link")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("kind"), max_length=40)
    from_state = models.CharField(_("from"), max_length=10, blank=True)
    to_state = models.CharField(_("to"), max_length=10, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("who")
    )
    why = models.CharField(_("why"), max_length=255, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("link event")
        verbose_name_plural = _("link events")
        triggers = append_only()

    def __str__(self) -> str:
        return self.kind
