"""The payment side's tables. Split by purpose; import from here."""

from payments.models.attempt import PaymentAttempt, PaymentEvent
from payments.models.books import BalanceTransaction, Payout
from payments.models.discrepancy import Discrepancy
from payments.models.link import LinkPayment, LinkRefund, PaymentLink
from payments.models.link_dispute import LinkDispute
from payments.models.link_event import LinkEvent
from payments.models.refund import Dispute, Refund
from payments.models.webhook_event import WebhookEvent

__all__ = [
    "BalanceTransaction",
    "Discrepancy",
    "Dispute",
    "LinkDispute",
    "LinkEvent",
    "LinkPayment",
    "LinkRefund",
    "PaymentAttempt",
    "PaymentEvent",
    "PaymentLink",
    "Payout",
    "Refund",
    "WebhookEvent",
]
