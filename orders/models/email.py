"""Which emails were handed to the mail server, so that none is sent twice (O4)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SentEmail(models.Model):
    """One email about an order; the row is written before the first try, `sent_at` when the mail server took it.

    Holds no address and no text: the order has those.
    """

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="emails", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=60)
    message_id = models.CharField(_("Message-ID"), max_length=255)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("email")
        verbose_name_plural = _("emails")
        constraints = [models.UniqueConstraint(fields=["order", "kind"], name="one_email_of_a_kind")]

    def __str__(self) -> str:
        return self.kind
