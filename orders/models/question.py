"""What customers ask the studio about their order."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Question(models.Model):
    """A customer's message about a paid order; the answer goes by email, from the studio."""

    order = models.ForeignKey(
        "orders.Order", on_delete=models.CASCADE, related_name="questions", verbose_name=_("order")
    )
    text = models.TextField(_("question"), max_length=1000)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)

    class Meta:
        ordering = ["asked_at", "pk"]
        verbose_name = _("question")
        verbose_name_plural = _("questions")

    def __str__(self) -> str:
        return f"{self.order_id}/{self.pk}"
