"""A payment link is closed by the studio: nobody can begin to pay any more, and what is open at Stripe is ended there.

A reference that was issued cannot be withdrawn: its payer is asked by mail not to pay it (link_vouchers.delayed). What is paid all the same goes back whole (link_payments.settle), as for an order that was cancelled (C11).
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from outbox.services import enqueue
from payments import at_stripe, at_stripe_links, gateway, link_payments
from payments.link_rows import lock_link, note_link
from payments.models import LinkPayment


def close(link_id: int, *, actor: User | None = None, why: str = "") -> bool:
    """Closes the link and plans the end of its open pages; False when it was closed already."""
    with transaction.atomic():
        link = lock_link(link_id)
        if link.closed_at is not None:
            return False
        link.closed_at = timezone.now()
        link.save(update_fields=["closed_at"])
        note_link(link, "closed", why=why, actor=actor)
        enqueue("payments.close_link", key=f"close-link:{link.pk}", payload={"link_id": link.pk})
    return True


def end_pages(link_id: int) -> None:
    """Ends a closed link's open payments, at Stripe and here. Safe to repeat; call outside transactions.

    Raises GatewayUnavailable, GatewayMisconfigured: it may be tried again. One that Stripe keeps open keeps no other from its end.
    """
    open_still: at_stripe.StillOpen | None = None
    for payment in LinkPayment.objects.select_related("link").filter(link_id=link_id, state__in=LinkPayment.OPEN):
        try:
            _end(payment)
        except at_stripe.StillOpen as error:
            open_still = error
        except gateway.GatewayMisconfigured:
            raise
        except gateway.GatewayRefused:
            link_payments.cancel(payment.pk)
    if open_still is not None:
        raise open_still


def _end(payment: LinkPayment) -> None:
    """Where it is not known whether Stripe made the page, it is asked with the same key, so that it can be closed."""
    if not payment.session_id:
        session = at_stripe_links.ask(payment)
        if session is not None:
            payment = link_payments.opened(payment.pk, session)
        else:
            payment = link_payments.cancel_unopened(payment.pk)
    if payment.session_id:
        link_payments.settle(at_stripe.closed_session(payment.session_id))
