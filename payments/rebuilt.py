"""The customer's data as Stripe carries them: for an order whose draft Redis has lost (C49)."""

from django.conf import settings

from orders import snapshots
from orders.models import Order
from orders.snapshots import Snapshot
from payments import facts


def remember(order: Order, session: facts.Session) -> None:
    """Puts a lost snapshot of a pending order back into Redis, so that its voucher can be mailed, and word of its failure
    too (C28, C29). PostgreSQL still learns of nobody before the money is there."""
    if order.state == Order.State.PENDING and snapshots.load(order.number) is None:
        snapshots.save(order.number, _snapshot(order, session), settings.DRAFT_TTL_SECONDS)


def keep(order: Order, session: facts.Session, seconds: int) -> None:
    """Money came for an order that nobody fulfils, or not yet: its customer has to hear what becomes of it. Keeps the
    snapshot so long, put back where it is gone, whatever state the order is in (C11)."""
    if not snapshots.prolong(order.number, seconds):
        snapshots.save(order.number, _snapshot(order, session), seconds)


def _snapshot(order: Order, session: facts.Session) -> Snapshot:
    return Snapshot(
        order=order.number,
        draft_id=order.draft_id,
        delivery={**delivery(session), "flagged": order.method == Order.Method.POST},
        filenames={},
        photo_ids=list(order.photos.values_list("photo_id", flat=True)),
    )


def delivery(session: facts.Session) -> dict[str, str]:
    """Name, email, phone, address, NIF, note and language in the fields of an order; empty where Stripe has none."""
    intent = session.intent
    metadata = {**(intent.metadata if intent else {}), **session.metadata}
    shipping = intent.shipping if intent else {}
    address = shipping.get("address") or {}
    found = {
        "name": shipping.get("name") or metadata.get("name"),
        "phone": shipping.get("phone") or metadata.get("phone"),
        "email": session.email,
        "street": address.get("line1"),
        "extra": address.get("line2"),
        "postal_code": address.get("postal_code"),
        "city": address.get("city"),
        "nif": metadata.get("nif"),
        "note": metadata.get("note"),
        "language": metadata.get("language"),
    }
    return {name: str(value or "") for name, value in found.items()}
