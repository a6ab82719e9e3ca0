"""What the order page says first: a heading and a sentence, by where the order is and what became of its money.

The order's state alone does not tell: money may wait for the studio's look, come late, or have gone back.
"""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from orders import vouchers
from orders.models import Order
from orders.vouchers import Voucher

State, Money = Order.State, Order.PaymentState
Heading = tuple[StrOrPromise, StrOrPromise]

BY_STATE: dict[str, Heading] = {
    State.PENDING: (
        _("Waiting for your payment"),
        _("As soon as it is confirmed, we begin. This page follows by itself."),
    ),
    State.PAID: (
        _("Thank you, we have your order"),
        _("It is paid and your photos are on their way to the printer. You get the confirmation by email."),
    ),
    State.NEEDS_PHOTOS: (
        _("Please send us some photos again"),
        _("Your payment is safe, but these photos did not reach us whole."),
    ),
    State.IN_PRODUCTION: (_("Your prints are being made"), _("We write to you when they leave the studio.")),
    State.READY: (_("Your prints are ready"), _("Printed, checked and packed.")),
    State.SHIPPED: (_("Your prints are on their way"), _("The carrier has them now.")),
    State.DELIVERED: (_("Your prints have arrived"), _("Enjoy them. Thank you for ordering from us.")),
    State.EXPIRED: (_("This order was not paid in time"), _("Nothing was charged. You can order again at any time.")),
    State.CANCELLED: (_("This order was cancelled"), _("What was paid goes back the way it came.")),
}
REPLACE: Heading = (
    _("Can you send us another photo?"),
    _("We cannot print a photo of your order as it is. Everything else is safe and waits for it."),
)
AT_THE_BANK: Heading = (
    _("Your payment is on its way"),
    _("Your bank is still working on it. There is nothing more for you to do; this page follows by itself."),
)
CHANGED: Heading = (
    _("You have changed this order since"),
    _(
        "Please do not pay its Multibanco reference any more. If you have paid it already, we print the order as it was then."
    ),
)
CHECKED: Heading = (
    _("We have your payment"),
    _("The studio checks it first; then we print, or you get it back. Please do not pay again."),
)
GOES_BACK: Heading = (
    _("Your payment goes back to you"),
    _(
        "It came when this order was no longer open. All of it goes back the way it came; banks take up to ten days to show it."
    ),
)
WENT_BACK: Heading = (
    _("Your payment went back to you"),
    _("Nothing is made for this order. Banks take up to ten days to show the refund. You can order again at any time."),
)
DISPUTED: Heading = (
    _("Your bank is looking into your payment"),
    _("It was asked to take the payment back. Until it has decided, the order may have to wait."),
)
NO_MONEY_LEFT: Heading = (
    _("Your payment went back to you"),
    _("We have your order, but its money has gone back. If you did not expect that, please write to the studio."),
)
CANCELLED_UNPAID: Heading = (BY_STATE[State.CANCELLED][0], _("Nothing was charged."))
CANCELLED_REFUNDED: Heading = (
    BY_STATE[State.CANCELLED][0],
    _("What you paid has gone back the way it came. Banks take up to ten days to show it."),
)

NOT_MADE = (State.PENDING, State.EXPIRED)
BEFORE_PRINTING = (State.PAID, State.NEEDS_PHOTOS)


def heading(order: Order, voucher: Voucher | None) -> Heading:
    """Heading and the sentence below it; `voucher` is the reference that is to be paid, where there is one."""
    state, money = State(order.state), Money(order.payment_state)
    if state in NOT_MADE:
        return _not_made(order, voucher)
    if state == State.CANCELLED:
        return _cancelled(order)
    if state in BEFORE_PRINTING and money == Money.DISPUTED:
        return DISPUTED
    if state in BEFORE_PRINTING and money == Money.REFUNDED:
        return NO_MONEY_LEFT
    asked = [photo for photo in order.photos.all() if photo.missing_since]
    if state == State.NEEDS_PHOTOS and asked and all(photo.replace_reason for photo in asked):
        return REPLACE
    return BY_STATE[state]


def payment_words(order: Order) -> StrOrPromise:
    """How the payment stands, as a customer would say it."""
    if order.state in NOT_MADE and money_came(order):
        if order.payment_state == Money.REVIEW:
            return _("received, being checked")
        if order.payment_state == Money.UNPAID:
            return _("going back to you")
    return order.get_payment_state_display()


def money_came(order: Order) -> bool:
    """Some payment of the order was confirmed, whatever became of it."""
    return order.payment_state == Money.REVIEW or any(attempt.received_cents for attempt in order.attempts.all())


def _not_made(order: Order, voucher: Voucher | None) -> Heading:
    money = Money(order.payment_state)
    if money == Money.REFUNDED:
        return WENT_BACK
    if money == Money.DISPUTED:
        return DISPUTED
    if money == Money.REVIEW:
        return CHECKED
    if order.state == State.PENDING and money == Money.AWAITING:
        if voucher is not None:
            return BY_STATE[State.PENDING]
        return CHANGED if vouchers.issued(order) else AT_THE_BANK
    if money_came(order):
        return GOES_BACK
    return BY_STATE[State(order.state)]


def _cancelled(order: Order) -> Heading:
    if order.payment_state == Money.REFUNDED:
        return CANCELLED_REFUNDED
    return BY_STATE[State.CANCELLED] if order.paid_at or money_came(order) else CANCELLED_UNPAID
