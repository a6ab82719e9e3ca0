"""A link payment's rows, locked; the history of what happened to them, and word of it."""

import structlog

from accounts.models import User
from outbox.services import enqueue
from payments.models import LinkEvent, LinkPayment, PaymentLink

log = structlog.get_logger(__name__)


def lock_link(link_id: int) -> PaymentLink:
    """The link's row, which decides what may be paid; call inside a transaction."""
    return PaymentLink.objects.select_for_update().get(pk=link_id)


def lock(payment_id: int) -> LinkPayment:
    """The link's row, then the payment's; call inside a transaction."""
    link_id = LinkPayment.objects.values_list("link_id", flat=True).get(pk=payment_id)
    link = lock_link(link_id)
    payment = LinkPayment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    payment.link = link
    return payment


def note_link(link: PaymentLink, kind: str, *, why: str = "", actor: User | None = None) -> None:
    """One line of the link's own history."""
    log.info("link_event", link=link.pk, kind=kind)
    LinkEvent.objects.create(link=link, kind=kind, why=why[:255], actor=actor)


def note(payment: LinkPayment, kind: str, *, before: str = "", why: str = "", actor: User | None = None) -> None:
    """One line of the payment's history, in the transaction of the change."""
    log.info("link_event", payment=payment.public_id, kind=kind, state=payment.state)
    LinkEvent.objects.create(
        link_id=payment.link_id,
        payment=payment,
        kind=kind[:40],
        from_state=before,
        to_state=payment.state,
        why=why[:255],
        actor=actor,
    )


def move(payment: LinkPayment, to: str, why: str = "", kind: str = "") -> None:
    """Writes a locked payment with its new state, and notes it."""
    before, payment.state = payment.state, to
    payment.save()
    note(payment, kind or str(to), before=before, why=why)


def tell(payment: LinkPayment, kind: str, occurrence: str = "") -> None:
    """One mail of the kind (link_emails.KINDS) a payment and occurrence, such as a refund's public id."""
    enqueue(
        "payments.email_link",
        key=f"email-link:{payment.public_id}:{kind}:{occurrence}",
        queue="mail",
        payload={"payment_id": payment.pk, "kind": kind, "occurrence": occurrence},
    )
