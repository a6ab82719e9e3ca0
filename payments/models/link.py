"""Payment links: a sum that the studio asks for outside any order, and the payments made by it."""

import secrets
import uuid

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.refund import Refund, new_refund_id


def new_token() -> str:
    return secrets.token_hex(16)


def new_public_id() -> str:
    return "lnk_" + uuid.uuid4().hex


class PaymentLink(models.Model):
    """What is asked for. Sum and words never change once made: who has the address pays just that."""

    token = models.CharField(_("token"), max_length=32, unique=True, default=new_token, editable=False)
    description = models.CharField(_("what for"), max_length=200)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"), validators=[MinValueValidator(50)])
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    single_use = models.BooleanField(_("can be paid once"), default=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("payment link")
        verbose_name_plural = _("payment links")
        constraints = [models.CheckConstraint(condition=Q(amount_cents__gte=50), name="link_is_payable")]

    def __str__(self) -> str:
        return self.description

    @property
    def address(self) -> str:
        return f"{settings.SITE_URL}/pay/{self.token}/"


class LinkPayment(models.Model):
    """One Checkout Session of a link. The rules are those of PaymentAttempt; the payer's email comes with the money."""

    class State(models.TextChoices):
        CREATED = "created", _("created")
        PENDING = "pending", _("pending")
        CONFIRMED = "confirmed", _("confirmed")
        FAILED = "failed", _("failed")
        CANCELED = "canceled", _("canceled")

    OPEN = (State.CREATED, State.PENDING)

    public_id = models.CharField(_("id"), max_length=40, unique=True, default=new_public_id)
    link = models.ForeignKey(
        PaymentLink, on_delete=models.PROTECT, related_name="payments", verbose_name=_("payment link")
    )
    visitor = models.CharField(_("visitor"), max_length=32, blank=True)  # "" where all visitors share one Session
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CREATED)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    received_cents = models.PositiveIntegerField(_("received (cents)"), null=True)
    refunded_cents = models.PositiveIntegerField(_("refunded (cents)"), default=0)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    language = models.CharField(_("language"), max_length=2, default="pt")
    email = models.EmailField(_("email"), blank=True)
    session_id = models.CharField(_("Checkout Session"), max_length=255, null=True, unique=True)  # noqa: DJ001 - unique once known
    intent_id = models.CharField(_("PaymentIntent"), max_length=255, null=True, unique=True)  # noqa: DJ001 - unique once known
    charge_id = models.CharField(_("charge"), max_length=255, blank=True, db_index=True)
    url = models.TextField(_("payment page"), blank=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True, default=uuid.uuid4)
    voucher = models.JSONField(_("voucher"), null=True, editable=False, help_text=_("entity, reference, expires_at"))
    dispute = models.CharField(_("dispute"), max_length=40, blank=True)  # Stripe's word
    expires_at = models.DateTimeField(_("expires"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("payment by link")
        verbose_name_plural = _("payments by link")
        constraints = [
            models.UniqueConstraint(
                fields=["link", "visitor"],
                condition=Q(state__in=["created", "pending"]),
                name="one_payable_session_a_link_and_visitor",
            ),
            models.CheckConstraint(
                condition=Q(refunded_cents=0) | Q(refunded_cents__lte=F("received_cents")),
                name="link_never_refunded_more_than_received",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False, received_cents__isnull=False),
                name="link_confirmed_has_its_time_and_sum",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class LinkRefund(models.Model):
    """One refund of a link's payment, whole or a part. It counts as refunded only when Stripe says that it succeeded."""

    public_id = models.CharField(_("id"), max_length=40, unique=True, default=new_refund_id, editable=False)
    payment = models.ForeignKey(
        LinkPayment, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("payment by link")
    )
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    state = models.CharField(_("state"), max_length=10, choices=Refund.State, default=Refund.State.CREATED)
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("who")
    )
    provider_id = models.CharField(_("refund at Stripe"), max_length=255, null=True, unique=True)  # noqa: DJ001 - unique once known
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True, default=uuid.uuid4)
    asked_all = models.BooleanField(null=True, editable=False)  # the request named no amount; None: nobody kept that
    failure_code = models.CharField(_("why it failed"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("refund of a payment by link")
        verbose_name_plural = _("refunds of payments by link")
        constraints = [models.CheckConstraint(condition=Q(amount_cents__gte=1), name="link_refund_has_an_amount")]

    def __str__(self) -> str:
        return self.public_id
