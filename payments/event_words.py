"""What a line of a payment's or a payment link's history is called on the owner's pages."""

from django.utils.translation import gettext_lazy as _

from payments.models import LinkPayment, PaymentAttempt

KINDS = {
    "created": _("created"),
    "made": _("link made"),
    "closed": _("link closed"),
    "opened": _("payment page opened"),
    "awaiting": _("awaiting payment"),
    "waits": _("awaiting payment"),
    "confirmed": _("payment confirmed"),
    "failed": _("payment failed"),
    "canceled": _("payment page closed"),
    "review": _("another sum than expected"),
    "accepted": _("payment accepted"),
    "unwanted": _("goes back: no order waited for it"),
    "gone_again": _("had gone back already"),
    "refund_asked": _("refund asked for"),
    "refund_pending": _("refund under way"),
    "refund_succeeded": _("refunded"),
    "refund_failed": _("refund failed"),
    "refund_canceled": _("refund cancelled"),
    "dispute_warning_needs_response": _("the bank asks about the payment: please answer at Stripe"),
    "dispute_warning_under_review": _("the bank is looking at your answer"),
    "dispute_warning_closed": _("the bank's question is closed"),
    "dispute_needs_response": _("disputed: please answer at Stripe"),
    "dispute_under_review": _("dispute: the bank is looking at your answer"),
    "dispute_appeal_needs_response": _("dispute lost: an appeal waits for your answer at Stripe"),
    "dispute_appeal_under_review": _("dispute: the bank is looking at the appeal"),
    "dispute_won": _("dispute won"),
    "dispute_lost": _("dispute lost"),
    "dispute_prevented": _("dispute prevented"),
}
STATES: dict[str, object] = {**dict(PaymentAttempt.State.choices), **dict(LinkPayment.State.choices)}


def kind(written: str) -> str:
    """In words; what has none yet, such as a new status of Stripe's, is shown as it is written."""
    return str(KINDS.get(written, written.replace("_", " ")))


def state(written: str) -> str:
    return str(STATES.get(written, written))
