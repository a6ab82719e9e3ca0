"""What can be ordered: products in millimetres, finishes, quantity tiers. Edited in the admin."""

from django.db import models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Finish(models.Model):
    """A paper surface, e.g. matte or glossy."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name_pt = models.CharField(_("name (Portuguese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "code"]
        verbose_name = _("finish")
        verbose_name_plural = _("finishes")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if (translation.get_language() or "").startswith("en") else self.name_pt


class Product(models.Model):
    """A print size. Width and height are in millimetres, as printed; a photo turns to fit them."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_pt = models.CharField(_("name (Portuguese)"), max_length=80)
    name_en = models.CharField(_("name (English)"), max_length=80)
    width_mm = models.PositiveSmallIntegerField(_("width (mm)"))
    height_mm = models.PositiveSmallIntegerField(_("height (mm)"))
    border_mm = models.PositiveSmallIntegerField(
        _("white border (mm)"), default=3, help_text=_("for the fit “white border”")
    )
    finishes = models.ManyToManyField(Finish, verbose_name=_("finishes"), related_name="products")
    active = models.BooleanField(_("on sale"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "code"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(condition=Q(width_mm__gt=0) & Q(height_mm__gt=0), name="product_has_a_size"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if (translation.get_language() or "").startswith("en") else self.name_pt


class PriceTier(models.Model):
    """The price of one print, in cents with IVA, from a number of prints of that product on."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="tiers", verbose_name=_("product"))
    price_group = models.SlugField(_("price group"), max_length=30, blank=True, help_text=_("empty: the public price"))
    from_quantity = models.PositiveIntegerField(_("from"), default=1)
    unit_cents = models.PositiveIntegerField(_("price in cents"))
    history = HistoricalRecords()

    class Meta:
        ordering = ["product", "price_group", "from_quantity"]
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(fields=["product", "price_group", "from_quantity"], name="one_price_a_tier"),
            models.CheckConstraint(condition=Q(from_quantity__gte=1), name="tier_starts_at_one_or_more"),
        ]

    def __str__(self) -> str:
        return f"{self.from_quantity}+: {self.unit_cents}"
