"""Which event leads to which look at Stripe. An event is only a trigger: what it says is never believed, the object it
names is fetched again, outside any transaction (DESIGN §4). True means that it was about the shop's money."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q

from payments import books, confirmation, elements, facts, gateway, link_disputes, link_payments, link_refunds, refunds
from payments.models import Dispute, LinkPayment, LinkRefund, PaymentAttempt, Refund, WebhookEvent

Handler = Callable[[WebhookEvent], bool]

NOT_FOUND_TRIES = 3  # an object that is not ours and long deleted; a new one may lag behind its event a little


def session(event: WebhookEvent) -> bool:
    return settle_session(gateway.retrieve_session(event.object_id))


def intent(event: WebhookEvent) -> bool:
    """The Intent of a Session: the Session is what gets settled. One without a Session may be a Payment Element's."""
    return settle_intent(event.object_id)


def settle_intent(intent_id: str) -> bool:
    """Settles the Session that an Intent belongs to, or the Intent itself where it is a Payment Element's."""
    known = PaymentAttempt.objects.filter(intent_id=intent_id).first()
    if known is not None and known.method == PaymentAttempt.Method.ELEMENTS:
        return elements.settle(intent_id)[0] is not None
    found = gateway.retrieve_session(str(known.session_id)) if known else gateway.session_of_intent(intent_id)
    if found is None:
        return elements.settle(intent_id)[0] is not None  # an Element's whose id was never stored, or not the shop's
    if found.intent is None:
        found = gateway.retrieve_session(found.id)
    return settle_session(found)


def charge(event: WebhookEvent) -> bool:
    """C36: a refunded charge may come without its refunds; all refunds of its Intent are fetched."""
    intent_id = str(_object(event).get("payment_intent") or "")
    if not intent_id:
        return False
    return _after_its_payment(intent_id, lambda: refunds.sync(intent_id) or link_refunds.sync(intent_id))


def refund(event: WebhookEvent) -> bool:
    """C37: `refund.*` names the refund, `charge.refund.updated` too."""
    return book_refund(gateway.retrieve_refund(event.object_id))


def dispute(event: WebhookEvent) -> bool:
    return book_dispute(gateway.retrieve_dispute(event.object_id))


def settle_session(found: facts.Session) -> bool:
    """An order's payment, or a link's; False when it is neither."""
    return confirmation.settle(found) is not None or link_payments.settle(found)


def book_refund(found: facts.Refund) -> bool:
    return _after_its_payment(found.intent_id, lambda: refunds.apply(found) or link_refunds.sync(found.intent_id))


def book_dispute(found: facts.Dispute) -> bool:
    return _after_its_payment(found.intent_id, lambda: books.apply_dispute(found) or link_disputes.apply(found))


def _after_its_payment(intent_id: str, book: Callable[[], bool]) -> bool:
    """C18: that money went back may be told before that it came. Unless it is known to have come, the payment is settled
    first: an attempt may have its Intent from the day it was opened, and what is booked on it then is not yet money."""
    known = PaymentAttempt.objects.filter(intent_id=intent_id).first() if intent_id else None
    if known is not None and known.state != PaymentAttempt.State.CONFIRMED:
        settle_intent(intent_id)
    return book() or (bool(intent_id) and settle_intent(intent_id) and book())


def counted(event: WebhookEvent) -> bool:
    """Known, without an effect of its own."""
    return False


HANDLERS: Mapping[str, Handler] = {
    "checkout.session.completed": session,
    "checkout.session.async_payment_succeeded": session,
    "checkout.session.async_payment_failed": session,
    "checkout.session.expired": session,
    "payment_intent.succeeded": intent,
    "payment_intent.payment_failed": intent,
    "payment_intent.processing": intent,
    "payment_intent.requires_action": intent,
    "payment_intent.canceled": intent,
    "charge.refunded": charge,
    "charge.refund.updated": refund,
    "refund.created": refund,
    "refund.updated": refund,
    "refund.failed": refund,
    "charge.dispute.created": dispute,
    "charge.dispute.updated": dispute,
    "charge.dispute.closed": dispute,
    "charge.dispute.funds_withdrawn": dispute,
    "charge.dispute.funds_reinstated": dispute,
    "customer.subscription.created": counted,
    "customer.subscription.updated": counted,
    "customer.subscription.deleted": counted,
}


def known(kind: str) -> bool:
    return kind in HANDLERS


def needed() -> set[str]:
    """The events that Stripe must send (C25)."""
    return {kind for kind, handler in HANDLERS.items() if handler is not counted}


def handle(event: WebhookEvent) -> bool:
    """Runs the event's effect. Raises whatever went wrong; the inbox tries again. What was never meant for the shop, of
    another type or of the other mode, has none when it is replayed either (C24)."""
    handler = HANDLERS.get(event.type)
    if handler is None or not event.object_id or event.livemode != gateway.live():
        return False
    try:
        return handler(event)
    except gateway.NotFound:
        if event.attempts < NOT_FOUND_TRIES or ours(event):
            raise
        return False


def ours(event: WebhookEvent) -> bool:
    """Whether the event names a payment, order, refund or dispute that the shop knows: then that Stripe does not is no
    reason to forget it. It is tried again, and in the end left for the owner to see."""
    found = _object(event)
    ids = {event.object_id, facts.identifier(found.get("payment_intent")), facts.identifier(found.get("charge"))} - {""}
    metadata = found.get("metadata")
    names = {str(value) for value in (metadata if isinstance(metadata, dict) else {}).values()} - {""}
    at_stripe = Q(session_id__in=ids) | Q(intent_id__in=ids) | Q(charge_id__in=ids) | Q(public_id__in=names)
    return (
        PaymentAttempt.objects.filter(at_stripe | Q(order__number__in=names)).exists()
        or LinkPayment.objects.filter(at_stripe).exists()
        or any(table.objects.filter(provider_id__in=ids).exists() for table in (Refund, LinkRefund, Dispute))
    )


def _object(event: WebhookEvent) -> Mapping[str, Any]:
    found = (event.payload.get("data") or {}).get("object")
    return found if isinstance(found, dict) else {}
