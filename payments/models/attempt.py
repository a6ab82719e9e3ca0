"""A payment attempt: one try to pay an order. An order is paid when confirmed attempts less refunds cover it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from orders.models.append_only import append_only


def new_public_id() -> str:
    return "pay_" + uuid.uuid4().hex


class PaymentAttempt(models.Model):
    """One Checkout Session or PaymentIntent at Stripe, made for the order's frozen sum in cents.

    The row, with its idempotency key and the hash of the parameters, is committed before Stripe is first called
    (C43); the parameters themselves hold personal data and wait in Redis until payment.
    """

    class State(models.TextChoices):
        CREATED = "created", _("created")  # not yet known to exist at Stripe
        PENDING = "pending", _("pending")  # payable, or awaiting a delayed method
        CONFIRMED = "confirmed", _("confirmed")
        FAILED = "failed", _("failed")
        CANCELED = "canceled", _("canceled")

    class Method(models.TextChoices):
        CHECKOUT = "checkout", _("Stripe Checkout")
        ELEMENTS = "elements", _("Payment Element")
        BALANCE = "balance", _("balance")
        DEMO = "demo", _("demonstration")  # made up by seed_demo: Stripe knows nothing of it

    public_id = models.CharField(_("id"), max_length=40, unique=True, default=new_public_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attempts", verbose_name=_("order"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CREATED)
    method = models.CharField(_("method"), max_length=10, choices=Method)
    amount_cents = models.PositiveIntegerField(_("amount (cents)"))
    received_cents = models.PositiveIntegerField(_("received (cents)"), null=True, editable=False)
    refunded_cents = models.PositiveIntegerField(_("refunded (cents)"), default=0)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    session_id = models.CharField(_("Checkout Session"), max_length=255, null=True, unique=True)  # noqa: DJ001 - unique once known
    intent_id = models.CharField(_("PaymentIntent"), max_length=255, null=True, unique=True)  # noqa: DJ001 - unique once known
    charge_id = models.CharField(_("charge"), max_length=255, blank=True, db_index=True)
    url = models.TextField(_("payment page"), blank=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True, default=uuid.uuid4)
    params_hash = models.CharField(_("hash of the parameters"), max_length=64, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    voucher = models.JSONField(
        _("voucher"), null=True, editable=False, help_text=_("entity, reference, amount_cents, expires_at, url")
    )
    failure_code = models.CharField(_("why it failed"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=["created", "pending"]), name="one_payable_attempt_an_order"
            ),
            models.CheckConstraint(
                condition=Q(refunded_cents=0) | Q(refunded_cents__lte=models.F("received_cents")),
                name="never_refunded_more_than_received",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False, received_cents__isnull=False),
                name="confirmed_has_its_time_and_sum",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def stripe_id(self) -> str:
        """The Session's id, or the Intent's of a Payment Element; empty until Stripe's answer was stored."""
        return (self.intent_id if self.method == self.Method.ELEMENTS else self.session_id) or ""


class PaymentEvent(models.Model):
    """What happened to a payment attempt, and who did it when a person did. Never personal data; never changed."""

    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.PROTECT, related_name="events", verbose_name=_("payment")
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
        verbose_name = _("payment event")
        verbose_name_plural = _("payment events")
        indexes = [models.Index(fields=["attempt"], condition=Q(kind="unwanted"), name="payment_unwanted")]
        triggers = append_only()

    def __str__(self) -> str:
        return self.kind
