"""Codes that make an order cheaper. Edited in the admin; what an order got by one is frozen on the order."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Coupon(models.Model):
    """A code and what it takes off: a percentage of the prints, a sum of them, or the shipping. See orders.coupons."""

    class Kind(models.TextChoices):
        PERCENT = "percent", _("percent off the prints")
        AMOUNT = "amount", _("sum off the prints")
        FREE_SHIPPING = "free_shipping", _("free shipping")

    code = models.CharField(
        _("code"),
        max_length=30,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9-]+\Z", _("Capital letters, digits and hyphens only."))],
        help_text=_("customers may type it in small letters"),
    )
    kind = models.CharField(_("takes off"), max_length=13, choices=Kind)
    percent = models.PositiveSmallIntegerField(_("percent"), null=True, blank=True)
    amount_cents = models.PositiveIntegerField(_("sum (cents)"), null=True, blank=True)
    minimum_cents = models.PositiveIntegerField(_("for prints from (cents)"), default=0)
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    max_uses = models.PositiveIntegerField(
        _("uses in all"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("empty: no limit")
    )
    max_uses_each = models.PositiveIntegerField(
        _("uses a customer"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("by email address")
    )
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("coupon code")
        verbose_name_plural = _("coupon codes")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="percent", percent__gte=1, percent__lte=100, amount_cents=None)
                | Q(kind="amount", amount_cents__gte=1, percent=None)
                | Q(kind="free_shipping", amount_cents=None, percent=None),
                name="coupon_says_what_it_takes_off",
                violation_error_message=_("Give a percentage from 1 to 100, or a sum, as the kind says, and not both."),
            ),
        ]

    def __str__(self) -> str:
        return self.code
