"""An order as frozen at checkout, its photos, its prints and what happened to it.

Until payment an order holds nothing personal: the columns named PERSONAL_FIELDS stay empty, and the database refuses
otherwise. Names, addresses and file names wait in Redis and are written with the payment, in one transaction.
"""

import secrets

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models.append_only import append_only
from orders.models.search import name_words

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L: read over the phone

PERSONAL_FIELDS = (
    "name",
    "email",
    "phone",
    "street",
    "extra",
    "postal_code",
    "city",
    "nif",
    "note",
    "formatted_address",
    "place_id",
)


def new_number() -> str:
    """An order number that cannot be guessed (S8): "PO-" and ten letters or digits, about 49 bits."""
    return "PO-" + "".join(secrets.choice(ALPHABET) for _unused in range(10))


class Order(models.Model):
    """What a customer ordered. Its state is changed by orders.services alone, its payment state by payments."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting for payment")
        PAID = "paid", pgettext_lazy("order", "paid")
        NEEDS_PHOTOS = "needs_photos", _("photos missing")
        IN_PRODUCTION = "in_production", _("in production")
        READY = "ready", _("ready")
        SHIPPED = "shipped", _("shipped")
        DELIVERED = "delivered", _("delivered")
        EXPIRED = "expired", _("expired")
        CANCELLED = "cancelled", _("cancelled")

    class PaymentState(models.TextChoices):
        UNPAID = "unpaid", _("unpaid")
        AWAITING = "awaiting", _("awaiting payment")
        PAID = "paid", pgettext_lazy("payment", "paid")
        PARTLY_REFUNDED = "partly_refunded", _("partly refunded")
        REFUNDED = "refunded", _("refunded")
        DISPUTED = "disputed", _("disputed")
        REVIEW = "review", _("to be reviewed")

    class Method(models.TextChoices):
        POST = "post", _("by post")
        PICKUP = "pickup", _("pickup in the studio")

    number = models.CharField(_("number"), max_length=16, unique=True, default=new_number, editable=False)
    draft_id = models.CharField(_("draft"), max_length=64, db_index=True, editable=False)
    fingerprint = models.CharField(
        _("fingerprint"), max_length=64, editable=False, help_text=_("hash of what was frozen")
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    payment_state = models.CharField(_("payment"), max_length=16, choices=PaymentState, default=PaymentState.UNPAID)
    language = models.CharField(
        _("language"), max_length=2, choices=[("pt", "Português"), ("en", "English")], default="pt"
    )
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("trade customer"),
    )
    link_version = models.PositiveSmallIntegerField(
        _("link version"), default=1, help_text=_("raise it to revoke the signed link")
    )

    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    items_cents = models.PositiveIntegerField(_("prints (cents)"))
    shipping_cents = models.PositiveIntegerField(_("shipping (cents)"))
    discount_cents = models.PositiveIntegerField(_("discount (cents)"), default=0)
    coupon = models.ForeignKey(
        "orders.Coupon",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("coupon"),
    )
    coupon_code = models.CharField(_("coupon code"), max_length=30, blank=True, help_text=_("as it was used"))
    total_cents = models.PositiveIntegerField(_("total (cents)"))
    tax_cents = models.PositiveIntegerField(_("IVA in it (cents)"))
    iva_percent = models.DecimalField(_("IVA (%)"), max_digits=4, decimal_places=2)
    prints = models.PositiveIntegerField(_("prints"))
    method = models.CharField(_("delivery"), max_length=6, choices=Method)
    zone = models.CharField(_("zone"), max_length=10, blank=True)
    terms_version = models.CharField(_("terms accepted"), max_length=20)
    privacy_version = models.CharField(_("privacy accepted"), max_length=20)
    withdrawal_version = models.CharField(_("withdrawal exception accepted"), max_length=20, blank=True)
    terms_accepted_at = models.DateTimeField(_("accepted"))

    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    street = models.CharField(_("street"), max_length=160, blank=True)
    extra = models.CharField(_("door, floor"), max_length=80, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=8, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    nif = models.CharField(_("NIF"), max_length=9, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=1000)
    formatted_address = models.CharField(_("address as Google has it"), max_length=255, blank=True)
    place_id = models.CharField(_("Google's place id"), max_length=255, blank=True)
    address_flagged = models.BooleanField(_("address unchecked"), default=False)

    carrier = models.CharField(_("carrier"), max_length=40, blank=True)
    tracking = models.CharField(_("tracking number"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    stored_at = models.DateTimeField(_("photos stored"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped at"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    photos_deleted_at = models.DateTimeField(_("photos deleted"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="order_newest"),
            models.Index(fields=["state", "-created_at"], name="order_state_newest"),
            models.Index(fields=["email"], name="order_email"),
            models.Index(fields=["payment_state", "-created_at"], name="order_payment_newest"),
            models.Index(fields=["-created_at"], condition=Q(address_flagged=True), name="order_address_flagged"),
            models.Index(
                fields=["-created_at"],
                condition=Q(state="cancelled", payment_state__in=["paid", "partly_refunded", "review"]),
                name="order_cancelled_with_money",
            ),
            models.Index(
                fields=["id"],
                condition=Q(photos_deleted_at__isnull=True, paid_at__isnull=False),
                name="order_keeps_photos",
            ),
            models.Index(OpClass(Lower("email"), name="text_pattern_ops"), name="order_email_prefix"),
            models.Index(fields=["phone"], opclasses=["varchar_pattern_ops"], name="order_phone_prefix"),
            GinIndex(name_words(), name="order_name_words"),
        ]
        permissions = [("view_money", _("Can see prices and payments")), ("refund_order", _("Can refund orders"))]
        constraints = [
            models.UniqueConstraint(
                fields=["draft_id", "fingerprint"],
                condition=Q(state="pending"),
                name="one_pending_order_a_frozen_draft",
            ),
            models.CheckConstraint(
                condition=Q(total_cents=F("items_cents") + F("shipping_cents") - F("discount_cents")),
                name="order_total_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(discount_cents=0) | ~Q(coupon_code=""), name="order_discount_has_its_code"
            ),
            models.CheckConstraint(condition=Q(prints__gte=1), name="order_has_prints"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "expired", "cancelled"]) | Q(paid_at__isnull=False),
                name="order_worked_on_is_paid",
            ),
            models.CheckConstraint(
                condition=Q(paid_at__isnull=False)
                | Q(
                    name="",
                    email="",
                    phone="",
                    street="",
                    extra="",
                    postal_code="",
                    city="",
                    nif="",
                    note="",
                    formatted_address="",
                    place_id="",
                ),
                name="order_unpaid_holds_nothing_personal",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderPhoto(models.Model):
    """A photo of an order: where it waits in Redis, and where it lies in S3. Its file name is empty until payment."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="photos", verbose_name=_("order"))
    seq = models.PositiveSmallIntegerField(_("number"))
    photo_id = models.CharField(_("photo in Redis"), max_length=64, editable=False)
    filename = models.CharField(_("file name"), max_length=300, blank=True)
    content_type = models.CharField(_("type"), max_length=40)
    bytes = models.PositiveBigIntegerField(_("bytes"))
    width = models.PositiveIntegerField(_("width (px, upright)"))
    height = models.PositiveIntegerField(_("height (px, upright)"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    storage_key = models.CharField(_("key in S3"), max_length=255, blank=True)
    thumbnail_key = models.CharField(_("thumbnail in S3"), max_length=255, blank=True)
    stored_at = models.DateTimeField(_("stored"), null=True, blank=True)
    missing_since = models.DateTimeField(_("missing since"), null=True, blank=True)
    replace_reason = models.CharField(
        _("why it is to be replaced"), max_length=300, blank=True, help_text=_("as the owner tells the customer")
    )

    class Meta:
        ordering = ["order", "seq"]
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = [models.UniqueConstraint(fields=["order", "seq"], name="one_photo_a_number")]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.seq}"


class OrderItem(models.Model):
    """Prints of one photo in one size and finish, with the price as frozen at checkout (cents with IVA)."""

    class Fit(models.TextChoices):
        CROP = "crop", _("fill the paper")
        BORDER = "border", _("white border")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items", verbose_name=_("order"))
    photo = models.ForeignKey(OrderPhoto, on_delete=models.CASCADE, related_name="items", verbose_name=_("photo"))
    product_code = models.CharField(_("product"), max_length=40)
    product_name = models.CharField(_("product's name"), max_length=80)
    width_mm = models.PositiveSmallIntegerField(_("width (mm)"))
    height_mm = models.PositiveSmallIntegerField(_("height (mm)"))
    border_mm = models.PositiveSmallIntegerField(_("border (mm)"), default=0)
    finish_code = models.CharField(_("finish"), max_length=30)
    finish_name = models.CharField(_("finish's name"), max_length=60)
    quantity = models.PositiveIntegerField(_("quantity"))
    fit = models.CharField(_("fit"), max_length=6, choices=Fit, default=Fit.CROP)
    crop = models.JSONField(
        _("crop"),
        null=True,
        blank=True,
        help_text=_("x, y, width, height in fractions of the upright photo, as it lies after `turn` degrees clockwise"),
    )
    dpi = models.PositiveIntegerField(_("dpi"))
    quality = models.CharField(_("quality"), max_length=4)
    unit_cents = models.PositiveIntegerField(_("price of one (cents)"))
    line_cents = models.PositiveIntegerField(_("price (cents)"))
    print_key = models.CharField(_("print file in S3"), max_length=255, blank=True)
    printed_at = models.DateTimeField(_("print file stored"), null=True, blank=True)

    class Meta:
        ordering = ["order", "pk"]
        verbose_name = _("print")
        verbose_name_plural = _("prints")
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1) & Q(quantity__lte=settings.ITEM_MAX_QUANTITY),
                name="item_quantity_in_bounds",
            ),
            models.CheckConstraint(condition=Q(line_cents=F("unit_cents") * F("quantity")), name="item_line_adds_up"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_name}"


class OrderEvent(models.Model):
    """What happened to an order: who, when, from which state to which, and why. Never personal data; never changed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events", verbose_name=_("order"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("kind"), max_length=40)
    from_state = models.CharField(_("from"), max_length=16, blank=True)
    to_state = models.CharField(_("to"), max_length=16, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("who")
    )
    why = models.CharField(_("why"), max_length=255, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        triggers = append_only()

    def __str__(self) -> str:
        return self.kind
