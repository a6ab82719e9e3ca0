"""The studio's own data: who sells, what shipping costs, which legal texts hold."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from addresses import portugal


class ShopSettings(models.Model):
    """One row: the seller's data as the law wants it shown (P2), and the rules of the shop. Read by `load()`."""

    studio_name = models.CharField(_("studio's name"), max_length=120, default="Photoorders")
    legal_name = models.CharField(_("legal name"), max_length=160, blank=True)
    address = models.TextField(_("address"), blank=True)
    nipc = models.CharField(_("NIPC"), max_length=9, blank=True)
    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    arbitration_body = models.CharField(
        _("consumer arbitration body"),
        max_length=200,
        blank=True,
        help_text=_("the RAL entity named in the footer (P2)"),
    )
    arbitration_url = models.URLField(_("its website"), blank=True)
    complaints_url = models.URLField(_("Livro de Reclamações"), default="https://www.livroreclamacoes.pt/")
    carrier = models.CharField(
        _("carriers"),
        max_length=160,
        blank=True,
        help_text=_("named in the privacy text, such as CTT – Correios de Portugal, S.A."),
    )
    hosting_provider = models.CharField(
        _("hosting provider"), max_length=160, blank=True, help_text=_("of the shop and the photos, with its country")
    )
    email_provider = models.CharField(_("email provider"), max_length=160, blank=True, help_text=_("with its country"))
    logo = models.ImageField(_("logo"), upload_to="shop/", blank=True)
    logo_width = models.PositiveIntegerField(null=True, blank=True, editable=False)  # px; kept so that no page reads S3
    logo_height = models.PositiveIntegerField(null=True, blank=True, editable=False)
    colour = models.CharField(_("colour"), max_length=7, default="#1f5f5b", help_text="#rrggbb")
    pickup_enabled = models.BooleanField(_("pickup in the studio"), default=True)
    pickup_hours_pt = models.CharField(_("opening hours (Portuguese)"), max_length=160, blank=True)
    pickup_hours_en = models.CharField(_("opening hours (English)"), max_length=160, blank=True)
    iva_percent = models.DecimalField(
        _("IVA (%)"),
        max_digits=4,
        decimal_places=2,
        default=23,
        help_text=_("where the goods are sent from: mainland 23, Madeira 22, Açores 16"),
    )
    minimum_order_cents = models.PositiveIntegerField(_("minimum order (cents)"), default=0)
    free_shipping_from_cents = models.PositiveIntegerField(_("free shipping from (cents)"), null=True, blank=True)
    delivery_days_min = models.PositiveSmallIntegerField(_("delivery, working days from"), default=3)
    delivery_days_max = models.PositiveSmallIntegerField(_("to"), default=6)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("shop settings")
        verbose_name_plural = _("shop settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_shop_settings")]

    def __str__(self) -> str:
        return self.studio_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new logo's size is read once, here: pages leave its room free before it has arrived."""
        if not self.logo:
            self.logo_width = self.logo_height = None
        elif not self.logo._committed:  # type: ignore[attr-defined]  # uploaded now, not stored yet
            self.logo_width, self.logo_height = self.logo.width, self.logo.height
        super().save(*args, **kwargs)

    @property
    def pickup_hours(self) -> str:
        """In the reader's language; in Portuguese where the owner wrote nothing else."""
        english = (translation.get_language() or "").startswith("en")
        return (self.pickup_hours_en if english else "") or self.pickup_hours_pt

    def clean(self) -> None:
        """The number stands on every page and in the legal texts: its check digit has to fit (P2)."""
        if not self.nipc:
            return
        try:
            self.nipc = portugal.nif(self.nipc)
        except ValueError as error:
            message = _("A NIPC has nine digits, and the last one checks the others. Please check it.")
            raise ValidationError({"nipc": message}) from error

    @classmethod
    def load(cls) -> "ShopSettings":
        """The settings; the defaults, unsaved, where nobody has set the shop up yet."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class ShippingZone(models.Model):
    """What postal delivery to a part of Portugal costs, in cents with IVA (A5)."""

    class Code(models.TextChoices):
        MAINLAND = "mainland", _("Mainland")
        MADEIRA = "madeira", _("Madeira")
        ACORES = "acores", _("Açores")

    code = models.CharField(_("zone"), max_length=10, choices=Code, unique=True)
    price_cents = models.PositiveIntegerField(_("price in cents"))
    history = HistoricalRecords()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("shipping zone")
        verbose_name_plural = _("shipping zones")

    def __str__(self) -> str:
        return self.get_code_display()


class LegalDocument(models.Model):
    """One version of a legal text, in both languages. The newest published one of a kind holds (P1)."""

    class Kind(models.TextChoices):
        TERMS = "terms", _("Terms and conditions")
        PRIVACY = "privacy", _("Privacy")
        WITHDRAWAL = "withdrawal", _("Right of withdrawal")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    version = models.CharField(_("version"), max_length=20)
    body_pt = models.TextField(_("text (Portuguese)"))
    body_en = models.TextField(_("text (English)"))
    published_at = models.DateTimeField(_("published"), default=timezone.now)

    class Meta:
        ordering = ["kind", "-published_at"]
        verbose_name = _("legal text")
        verbose_name_plural = _("legal texts")
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="one_text_a_version")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"

    @property
    def body(self) -> str:
        return self.body_en if (translation.get_language() or "").startswith("en") else self.body_pt
