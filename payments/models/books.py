"""What Stripe's own books say: movements of the balance with their fees, and payouts to the shop's bank. Cents."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.attempt import PaymentAttempt
from payments.models.link import LinkPayment


class BalanceTransaction(models.Model):
    """One movement of the balance at Stripe: a charge, refund, dispute, fee or payout. Money out is negative."""

    provider_id = models.CharField(_("balance transaction"), max_length=255, unique=True)
    kind = models.CharField(_("kind"), max_length=60)  # Stripe's word
    source_id = models.CharField(_("what moved it"), max_length=255, blank=True, db_index=True)
    attempt = models.ForeignKey(
        PaymentAttempt,
        on_delete=models.PROTECT,
        null=True,
        related_name="balance_transactions",
        verbose_name=_("payment"),
    )
    link_payment = models.ForeignKey(
        LinkPayment,
        on_delete=models.PROTECT,
        null=True,
        related_name="balance_transactions",
        verbose_name=_("payment by link"),
    )
    amount_cents = models.BigIntegerField(_("amount (cents)"))
    fee_cents = models.BigIntegerField(_("fee (cents)"))
    net_cents = models.BigIntegerField(_("net (cents)"))
    currency = models.CharField(_("currency"), max_length=3)
    payout_id = models.CharField(_("payout"), max_length=255, blank=True, db_index=True)
    created_at = models.DateTimeField(_("created"), db_index=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("movement at Stripe")
        verbose_name_plural = _("movements at Stripe")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(net_cents=models.F("amount_cents") - models.F("fee_cents")),
                name="balance_transaction_adds_up",
            )
        ]

    def __str__(self) -> str:
        return self.provider_id


class Payout(models.Model):
    """Money that Stripe sent to the shop's bank. `status` is Stripe's word."""

    provider_id = models.CharField(_("payout"), max_length=255, unique=True)
    amount_cents = models.BigIntegerField(_("amount (cents)"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("state"), max_length=40)
    automatic = models.BooleanField(_("automatic"), default=True)
    arrives_at = models.DateTimeField(_("arrives"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")

    def __str__(self) -> str:
        return self.provider_id


class ReconciledStep(models.Model):
    """A step of the daily comparison (payments/reconciliation/run.py) that has finished with a day of the shop's time zone."""

    date = models.DateField(_("day"))
    step = models.CharField(_("step"), max_length=40)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ["date", "pk"]
        verbose_name = _("compared day")
        verbose_name_plural = _("compared days")
        constraints = [models.UniqueConstraint(fields=["date", "step"], name="one_row_a_day_and_step")]

    def __str__(self) -> str:
        return f"{self.date} {self.step}"
