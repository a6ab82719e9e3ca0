"""What can keep a customer from paying, or staff from refunding; each with its code, status and sentence."""

from django.utils.translation import gettext_lazy as _

from orders.problems import Problem


class PaymentServiceUnavailable(Problem):
    """Stripe is away, or refuses our key: nothing is lost, and the customer may try again."""

    status = 503
    code = "payment_service_unavailable"
    detail = _(
        "Payments cannot be made at this moment. Nothing was charged, and your photos and choices are kept: "
        "please try again in a few minutes."
    )


class PaymentInReview(Problem):
    """C10: money for this purchase has come and waits for the owner's decision: no second payment meanwhile."""

    status = 409
    code = "payment_in_review"
    detail = _(
        "We have received a payment for these prints and are looking at it. Please do not pay again; "
        "if you have a question, contact the studio."
    )


class PaymentRefused(Problem):
    status = 409
    code = "payment_refused"
    detail = _("The payment service did not accept this order. Please contact the studio.")


class MethodNotOffered(Problem):
    status = 400
    code = "method_not_offered"
    detail = _("This way to pay is not offered.")


class OverRefund(Problem):
    """C32: never more than was received, refunds under way included."""

    status = 409
    code = "over_refund"
    detail = _("That is more than is left of this payment.")


class NotRefundable(Problem):
    status = 409
    code = "not_refundable"
    detail = _("Only a confirmed payment can be refunded.")


class IdempotencyKeyReused(Problem):
    """C59: the same key with another payload is a mistake of the caller's, not a repeated request."""

    status = 422
    code = "idempotency_key_reused"
    detail = _("This key was used for another refund already.")


class LinkClosed(Problem):
    status = 409
    code = "link_closed"
    detail = _("This payment link is no longer open. Please ask the studio for a new one.")


class LinkEndsSoon(Problem):
    """Stripe opens no page for less than half an hour, and none may outlive its link."""

    status = 409
    code = "link_ends_soon"
    detail = _(
        "This payment link ends in about half an hour or less: that is too short to begin a payment. "
        "Please ask the studio for a new one."
    )
