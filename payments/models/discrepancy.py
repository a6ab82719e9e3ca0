"""Where the shop's books and Stripe's differ, and what the owner can do about it (C53)."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.attempt import PaymentAttempt


class Discrepancy(models.Model):
    """One difference: at most one row a kind and object, however often the books are compared."""

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here", _("paid at Stripe, unknown here")
        MISSING_THERE = "missing_there", _("paid here, unknown at Stripe")
        AMOUNT = "amount", _("another sum")
        CURRENCY = "currency", _("another currency")
        STATE = "state", _("another state")
        REFUND = "refund", _("other refunds")
        DISPUTE = "dispute", _("unknown dispute")
        PAYOUT = "payout", _("a payout does not add up")
        ENDPOINT = "endpoint", _("webhooks do not arrive")
        STEP = "step", _("the comparison did not finish")

    WHAT_TO_DO = {
        Kind.MISSING_HERE: _(
            "Look the payment up in Stripe's dashboard. If it was not made for another purpose, write to the payer, "
            "and refund it there when nothing was ordered."
        ),
        Kind.MISSING_THERE: _(
            "The shop counts this payment, Stripe does not know it. Check that the shop uses the right Stripe account; "
            "do not send the order before the money is found."
        ),
        Kind.AMOUNT: _("Compare both sums in Stripe's dashboard; refund what is too much, ask for what is missing."),
        Kind.CURRENCY: _("The payment came in another currency. Refund it and ask the customer to pay again."),
        Kind.STATE: _(
            "Stripe says that this is paid, and the shop could not book it. Open the payment, read its history, and run "
            "the comparison again; if it stays, refund it in Stripe's dashboard."
        ),
        Kind.REFUND: _("Compare the refunds on the order's page with those in Stripe's dashboard."),
        Kind.DISPUTE: _("Answer the dispute in Stripe's dashboard; no order of the shop belongs to it."),
        Kind.PAYOUT: _(
            "Compare the payout's report in Stripe's dashboard with your bank statement; ask Stripe's support."
        ),
        Kind.ENDPOINT: _(
            "In Stripe's dashboard, under Developers, Webhooks: the endpoint must be enabled, have the shop's address and "
            "send the events that docs/payments.md lists. Then run: manage.py replay_webhooks --undelivered"
        ),
        Kind.STEP: _(
            "This step is tried again every day, and its days are made up for. If Stripe's side says misconfigured, give the "
            "shop's key the right to read this in Stripe's dashboard, under Developers, API keys; otherwise see the log."
        ),
    }

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    object_id = models.CharField(_("object"), max_length=255)
    attempt = models.ForeignKey(
        PaymentAttempt, on_delete=models.PROTECT, null=True, related_name="discrepancies", verbose_name=_("payment")
    )
    ours = models.CharField(_("in the shop"), max_length=255, blank=True)
    theirs = models.CharField(_("at Stripe"), max_length=255, blank=True)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, verbose_name=_("resolved by")
    )

    class Meta:
        ordering = ["-found_at", "-pk"]
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="one_discrepancy_a_kind_and_object")]
        indexes = [models.Index(fields=["found_at"], condition=models.Q(resolved_at=None), name="discrepancy_open")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.object_id}"

    @property
    def what_to_do(self) -> str:
        return str(self.WHAT_TO_DO[self.Kind(self.kind)])
