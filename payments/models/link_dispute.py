"""Money of a payment by link that a cardholder's bank asks back."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.link import LinkPayment
from payments.models.refund import DISPUTE_OVER


class LinkDispute(models.Model):
    """A charge that the cardholder contests at the bank; a payment may have several. `status` is Stripe's word."""

    payment = models.ForeignKey(
        LinkPayment, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("payment by link")
    )
    provider_id = models.CharField(_("dispute at Stripe"), max_length=255, unique=True)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    status = models.CharField(_("state"), max_length=40)
    reason = models.CharField(_("reason"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("dispute of a payment by link")
        verbose_name_plural = _("disputes of payments by link")

    def __str__(self) -> str:
        return self.provider_id

    @property
    def open(self) -> bool:
        return self.status not in DISPUTE_OVER
