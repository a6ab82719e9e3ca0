"""A link payment's rows, locked, and word of what happened to it."""

from outbox.services import enqueue
from payments.models import LinkPayment, PaymentLink


def lock(payment_id: int) -> LinkPayment:
    """The link's row, then the payment's; call inside a transaction."""
    link_id = LinkPayment.objects.values_list("link_id", flat=True).get(pk=payment_id)
    link = PaymentLink.objects.select_for_update().get(pk=link_id)
    payment = LinkPayment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    payment.link = link
    return payment


def tell(payment: LinkPayment, kind: str, occurrence: str = "") -> None:
    """One mail of the kind (link_emails.KINDS) a payment and occurrence."""
    enqueue(
        "payments.email_link",
        key=f"email-link:{payment.public_id}:{kind}:{occurrence}",
        queue="mail",
        payload={"payment_id": payment.pk, "kind": kind},
    )
