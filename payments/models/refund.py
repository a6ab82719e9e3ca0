"""Money that went back: by the shop, by hand in Stripe's dashboard, or taken by a cardholder's bank."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.attempt import PaymentAttempt


def new_refund_id() -> str:
    return "ref_" + uuid.uuid4().hex


class Refund(models.Model):
    """One refund of a confirmed payment. It counts as refunded only when Stripe says that it succeeded (C38)."""

    class State(models.TextChoices):
        CREATED = "created", _("created")  # not yet known to exist at Stripe
        PENDING = "pending", _("pending")
        SUCCEEDED = "succeeded", _("refunded")
        FAILED = "failed", _("failed")
        CANCELED = "canceled", _("canceled")

    RESERVED = (State.CREATED, State.PENDING, State.SUCCEEDED)

    public_id = models.CharField(_("id"), max_length=40, unique=True, default=new_refund_id, editable=False)
    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("payment")
    )
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CREATED)
    asked_all = models.BooleanField(null=True, editable=False)  # the request named no amount; None: nobody kept that
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("who")
    )
    provider_id = models.CharField(_("refund at Stripe"), max_length=255, null=True, unique=True)  # noqa: DJ001 - unique once known
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True, default=uuid.uuid4)
    failure_code = models.CharField(_("why it failed"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [models.CheckConstraint(condition=models.Q(amount_cents__gte=1), name="refund_has_an_amount")]

    def __str__(self) -> str:
        return self.public_id


DISPUTE_OVER = ("won", "lost", "warning_closed", "prevented")  # Stripe's last words about a dispute


class Dispute(models.Model):
    """A charge that the cardholder contests at the bank. `status` is Stripe's word."""

    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("payment")
    )
    provider_id = models.CharField(_("dispute at Stripe"), max_length=255, unique=True)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    status = models.CharField(_("state"), max_length=40)
    reason = models.CharField(_("reason"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")

    def __str__(self) -> str:
        return self.provider_id

    @property
    def open(self) -> bool:
        return self.status not in DISPUTE_OVER
