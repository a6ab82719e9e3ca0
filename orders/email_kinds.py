"""What each email to a customer says: subject, heading, sentences. English sources, translated like the pages."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Kind:
    """Texts may name %(number)s and %(studio)s. `shows` lists the template's blocks beside them."""

    subject: StrPromise
    heading: StrPromise
    text: StrPromise
    shows: tuple[str, ...] = ()
    button: StrPromise = _("See your order")  # noqa: RUF009 - lazy, and the same for all


PRINTS = ("prints", "totals", "delivery")

# What the owner's desk calls them.
NAMES = {
    "confirmed": pgettext_lazy("email", "confirmed"),
    "awaiting": pgettext_lazy("email", "awaiting payment"),
    "failed": pgettext_lazy("email", "payment failed"),
    "in_production": pgettext_lazy("email", "in production"),
    "ready": pgettext_lazy("email", "ready"),
    "ready_pickup": pgettext_lazy("email", "ready to be picked up"),
    "shipped": pgettext_lazy("email", "shipped"),
    "delivered": pgettext_lazy("email", "delivered"),
    "refunded": pgettext_lazy("email", "refunded"),
    "needs_photos": pgettext_lazy("email", "photos missing"),
    "replace_photo": pgettext_lazy("email", "another photo asked for"),
    "photos_reminder": pgettext_lazy("email", "reminder about photos"),
    "voucher_reminder": pgettext_lazy("email", "reminder about the reference"),
    "voucher_replaced": pgettext_lazy("email", "old reference not to be paid"),
    "paid_twice": pgettext_lazy("email", "second payment sent back"),
    "cancelled": pgettext_lazy("email", "cancelled"),
    "cancelled_unpaid": pgettext_lazy("email", "cancelled before payment"),
}

# Of a payment that the customer's bank is still working on: there is no reference, and nothing left to do.
AT_THE_BANK = Kind(
    _("Your order %(number)s is waiting for your payment"),
    _("Almost there: we are waiting for your payment"),
    _(
        "Your bank may take some days over it. We keep your photos and start printing as soon as the payment arrives. "
        "Nothing else is needed from you."
    ),
    PRINTS,
)

KINDS = {
    "confirmed": Kind(
        _("Your order %(number)s is confirmed"),
        _("Thank you for your order"),
        _("We have received your payment. We are preparing your prints and will write to you at every step."),
        ("expected", *PRINTS, "invoice"),
    ),
    "awaiting": Kind(
        _("Your order %(number)s is waiting for your payment"),
        _("Almost there: we are waiting for your payment"),
        _(
            "Please pay the reference below at a cash machine or in your bank's app. We keep your photos meanwhile and "
            "start printing as soon as the payment arrives."
        ),
        ("voucher", *PRINTS),
        _("See how to pay"),
    ),
    "failed": Kind(
        _("The payment of your order %(number)s did not go through"),
        _("The payment did not go through"),
        _("Nothing was charged. Your photos and choices are still there: you can try again, with another method too."),
        ("prints", "totals"),
        _("Try again"),
    ),
    "in_production": Kind(
        _("Your order %(number)s is being printed"),
        _("Your prints are being made"),
        _("We have started printing. We will write again when they leave."),
        ("expected", "prints"),
    ),
    "ready": Kind(
        _("Your order %(number)s is ready"),
        _("Your prints are ready"),
        _("They are printed, checked and packed, and on their way to the carrier."),
        ("prints",),
    ),
    "ready_pickup": Kind(
        _("Your order %(number)s is ready to be picked up"),
        _("Your prints are ready: come and get them"),
        _("They are waiting for you in the studio. Please bring the order number."),
        ("pickup", "prints"),
    ),
    "shipped": Kind(
        _("Your order %(number)s is on its way"),
        _("Your prints are on their way"),
        _("We have handed your parcel to the carrier."),
        ("expected", "tracking", "prints", "delivery", "invoice"),
    ),
    "delivered": Kind(
        _("Your order %(number)s has been delivered"),
        _("Your prints have arrived"),
        _("We hope you like them. If anything is not as it should be, reply to this email and we will put it right."),
        ("prints",),
    ),
    "refunded": Kind(
        _("Refund for your order %(number)s"),
        _("Your refund is on its way"),
        _("It goes back the way you paid; banks take up to ten days to show it."),
        ("refund",),
    ),
    "needs_photos": Kind(
        _("We need photos of your order %(number)s again"),
        _("Please send us these photos once more"),
        _(
            "Your order is paid and safe, but these photos did not reach our store. Please upload them again by the button."
        ),
        ("missing",),
        _("Upload the photos"),
    ),
    "replace_photo": Kind(
        _("A photo of your order %(number)s needs another look"),
        _("Can you send us another photo?"),
        _("We would like your prints to be good, but cannot print this photo as it is. Your order waits meanwhile."),
        ("missing",),
        _("Send another photo"),
    ),
    "photos_reminder": Kind(
        _("Your order %(number)s still waits for photos"),
        _("We still need these photos"),
        _(
            "Your order is paid and waits for them. If they do not come within the next days, we cancel it "
            "and give you your money back; you need do nothing for that."
        ),
        ("missing",),
        _("Upload the photos"),
    ),
    "voucher_reminder": Kind(
        _("Your order %(number)s: the reference runs out tomorrow"),
        _("A day left to pay"),
        _("Your Multibanco reference is about to run out. If you have paid in the meantime, all is well."),
        ("voucher", "prints", "totals"),
        _("See how to pay"),
    ),
    "voucher_replaced": Kind(
        _("Your order %(number)s: please do not pay the old reference"),
        _("Please do not pay this reference"),
        _(
            "You have changed your order since, and Multibanco references cannot be withdrawn. If you have paid it already, "
            "we print your order as it was then; if both are paid, the later payment goes back to you."
        ),
        ("dead_voucher",),
    ),
    "paid_twice": Kind(
        _("Your order %(number)s was paid twice"),
        _("We are sending your second payment back"),
        _(
            "Your order was paid already when another payment arrived, for another version of it. That one goes back "
            "whole, the way you paid; banks take up to ten days to show it."
        ),
        (),
    ),
    "cancelled": Kind(
        _("Your order %(number)s was cancelled"),
        _("Your order was cancelled"),
        _("The order will not be made. What you paid for it is refunded."),
        (),
    ),
    "cancelled_unpaid": Kind(
        _("Your order %(number)s was cancelled"),
        _("Your order was cancelled"),
        _(
            "The order will not be made, and nothing was charged. If you have a Multibanco reference for it, please do not "
            "pay it: it cannot be withdrawn. If you have paid it already, the money goes back to you whole."
        ),
        (),
    ),
}
