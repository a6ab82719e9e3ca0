"""What payments offer to pages, API, tasks, admin and commands. Each name lives in the module that says its purpose.

One payment, read in order: `start_checkout` → Stripe's page → `webhooks.stripe` → `inbox.process` → `settle_session`,
and beside the webhook `confirm_return`, by the same `settle`.
"""

from payments.cancelling import cancel_for_customer, cancel_for_studio
from payments.checkout import CheckoutStarted, start_checkout
from payments.confirmation import settle, settle_session
from payments.expiry import expire_attempts
from payments.inbox import process as process_event
from payments.refunds import refund
from payments.returning import Returned, confirm_return
from payments.review import accept

__all__ = [
    "CheckoutStarted",
    "Returned",
    "accept",
    "cancel_for_customer",
    "cancel_for_studio",
    "confirm_return",
    "expire_attempts",
    "process_event",
    "refund",
    "settle",
    "settle_session",
    "start_checkout",
]
