"""Every change of an order's state, and nothing else: lock the row, look again, write, note the event, plan the effects.

Each function is safe to call twice, and while others call it: what has already happened is left as it is, what may not
happen raises InvalidTransition. Lock order: order row, then what belongs to it. No network call but Redis is made here.
"""

import contextlib
import datetime
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from orders import coupons, drafts, email_context, replacing, snapshots, vouchers
from orders.models import Order, OrderEvent, OrderPhoto
from orders.models.order import PERSONAL_FIELDS
from orders.problems import Problem
from orders.snapshots import Snapshot
from outbox.services import enqueue, waiting
from uploads import stash
from uploads.photo import Photo, StashError

State = Order.State
PAID_KEEPS_PHOTOS_SECONDS = 30 * 86_400  # until S3 has them all; released then
LAST_MAIL_SECONDS = 86_400  # longer than a mail is tried (orders.tasks.PATIENCE)
VOUCHER_EXTRA = datetime.timedelta(days=4)  # C30: a voucher paid on its last day may take this long to be reported

# From which states each may be reached (DESIGN §3).
ALLOWED: Mapping[str, Collection[str]] = {
    State.PAID: (State.PENDING, State.EXPIRED),
    State.NEEDS_PHOTOS: (State.PAID, State.IN_PRODUCTION),
    State.IN_PRODUCTION: (State.PAID,),
    State.READY: (State.PAID, State.IN_PRODUCTION),
    State.SHIPPED: (State.PAID, State.IN_PRODUCTION, State.READY),
    State.DELIVERED: (State.SHIPPED, State.READY),
    State.EXPIRED: (State.PENDING,),
    State.CANCELLED: (State.PENDING, State.EXPIRED, State.PAID, State.NEEDS_PHOTOS, State.IN_PRODUCTION, State.READY),
}

ASKS_FOR_PHOTOS = (State.PAID, State.IN_PRODUCTION, State.NEEDS_PHOTOS)
# While nothing is printed the customer may cancel; money in dispute at the bank cannot be refunded as well.
CUSTOMER_CANCELS = (State.PAID, State.NEEDS_PHOTOS)
REFUNDABLE = (Order.PaymentState.PAID, Order.PaymentState.PARTLY_REFUNDED, Order.PaymentState.REFUNDED)

log = structlog.get_logger(__name__)


class InvalidTransition(Problem):
    status = 409
    code = "invalid_transition"
    detail = _("The order is no longer in a state where that is possible.")


def lock(order_id: int) -> Order:
    """The order, its row locked until the transaction ends; call inside one."""
    return Order.objects.select_for_update(of=("self",)).get(pk=order_id)


def mark_paid(
    order: Order,
    *,
    snapshot: Snapshot | None = None,
    delivery: Mapping[str, Any] | None = None,
    missing: Collection[str] | None = None,
    actor: User | None = None,
    why: str = "",
) -> Order:
    """The payment is confirmed: writes the personal data and plans storing and emails, or asks for the photos (C49).

    `snapshot` is what was frozen; where Redis lost it, `delivery` holds what the payment service carries (name, email,
    phone, street, extra, postal_code, city, nif, note, language). `missing` are ids of photos known to be gone; None:
    looked up here. A second call changes nothing (C9). An expired order is revived (C11); a cancelled one is not.
    """
    with transaction.atomic():
        order = lock(order.pk)
        if order.paid_at is not None:
            return order
        _check(order, State.PAID)
        order.paid_at = timezone.now()
        order.payment_state = Order.PaymentState.PAID
        _write_personal(order, snapshot, delivery or {})
        _move(order, State.PAID, actor, why)
        photos = list(order.photos.all())
        stash.hold([photo.photo_id for photo in photos], order.number, PAID_KEEPS_PHOTOS_SECONDS)
        gone = (
            set(missing)
            if missing is not None
            else {photo.photo_id for photo in photos if not stash.exists(photo.photo_id)}
        )
        if gone:
            _ask_for_photos(order, gone, actor, "photos no longer in Redis")
        else:
            _plan_fulfilment(order, suffix="")
        draft_id, number = order.draft_id, order.number
        transaction.on_commit(lambda: drafts.mark_ordered(draft_id, number), robust=True)
        return order


def mark_awaiting(
    order: Order, *, until: datetime.datetime | None = None, actor: User | None = None, why: str = ""
) -> Order:
    """A delayed payment was chosen (C26): nothing is fulfilled; photos wait until `until` and four days more (C30)."""
    seconds = _seconds(until) if until else settings.DRAFT_TTL_SECONDS
    _keep_alive(order, seconds)
    with transaction.atomic():
        order = lock(order.pk)
        if order.state != State.PENDING or order.payment_state == Order.PaymentState.AWAITING:
            return order
        order.payment_state = Order.PaymentState.AWAITING
        order.save(update_fields=["payment_state"])
        _event(order, "awaiting", order.state, order.state, actor, why)
        attempt = order.attempts.filter(state__in=vouchers.OPEN).first()  # each reference has its own mail (C29)
        _email(order, f"awaiting:{attempt.pk}" if attempt else "awaiting")
        return order


def expire(order: Order, *, actor: User | None = None, why: str = "") -> Order:
    """Nobody paid in time. A paid order is left as it is; the photos go unless a draft or another order holds them."""
    with transaction.atomic():
        order = lock(order.pk)
        if order.state != State.PENDING:
            return order
        order.payment_state = Order.PaymentState.UNPAID
        _move(order, State.EXPIRED, actor, why)
        transaction.on_commit(lambda: _let_go(order), robust=True)
        return order


def cancel(order: Order, *, actor: User | None = None, why: str = "") -> Order:
    """The order will not be made. Money that was paid is refunded by payments, which calls this."""
    with transaction.atomic():
        order = lock(order.pk)
        if order.state == State.CANCELLED:
            return order
        _check(order, State.CANCELLED)
        waited = order.state == State.PENDING
        if order.payment_state == Order.PaymentState.AWAITING:
            order.payment_state = Order.PaymentState.UNPAID  # its reference is not to be paid any more (C6)
        _move(order, State.CANCELLED, actor, why)
        if order.email:
            _email(order, "cancelled")
        elif waited and email_context.recipient(order).email:
            _email(order, "cancelled_unpaid")
        transaction.on_commit(lambda: _let_go(order), robust=True)
        return order


def customer_may_cancel(order: Order) -> bool:
    """Paid, and never in production: afterwards the prints exist, and cancelling is the studio's to decide."""
    return (
        order.state in CUSTOMER_CANCELS
        and order.payment_state in REFUNDABLE
        and all(event.to_state != State.IN_PRODUCTION for event in order.events.all())
    )


def cancel_for_customer(order: Order) -> Order:
    """Cancels a paid order at its customer's wish (payments refunds it). Between this and the owner's "start
    production" the order's row lock decides: whoever comes second is refused. Raises InvalidTransition."""
    with transaction.atomic():
        order = lock(order.pk)
        if not customer_may_cancel(order):
            raise InvalidTransition(
                _("Your prints are already being made, so the order can no longer be cancelled here.")
            )
        return cancel(order, why="the customer asked")


def start_production(order: Order, *, actor: User | None = None, why: str = "") -> Order:
    return _step(order, State.IN_PRODUCTION, actor, why)


def mark_ready(order: Order, *, actor: User | None = None, why: str = "") -> Order:
    """Printed and packed; a customer who picks up is told to come."""
    return _step(order, State.READY, actor, why)


def ship(order: Order, carrier: str = "", tracking: str = "", actor: User | None = None, *, why: str = "") -> Order:
    """Handed to the carrier; the customer gets the tracking number (O4)."""
    with transaction.atomic():
        order = lock(order.pk)
        if order.state == State.SHIPPED:
            return order
        if order.method == Order.Method.PICKUP:
            raise InvalidTransition(_("This order is picked up in the studio: it is not shipped."))
        _check(order, State.SHIPPED)
        order.carrier, order.tracking, order.shipped_at = carrier.strip()[:40], tracking.strip()[:60], timezone.now()
        _move(order, State.SHIPPED, actor, why)
        _email(order, "shipped")
        return order


def mark_delivered(order: Order, *, actor: User | None = None, why: str = "") -> Order:
    """Arrived, or picked up: only then is a picked-up order finished."""
    with transaction.atomic():
        order = lock(order.pk)
        if order.state == State.DELIVERED:
            return order
        if order.state == State.READY and order.method != Order.Method.PICKUP:
            raise InvalidTransition
        _check(order, State.DELIVERED)
        order.delivered_at = timezone.now()
        _move(order, State.DELIVERED, actor, why)
        _email(order, "delivered")
        return order


def need_photos(order: Order, photo_ids: Collection[str], *, actor: User | None = None, why: str = "") -> Order:
    """Photos are gone before S3 had them: the customer is asked to upload them again by the signed link."""
    with transaction.atomic():
        order = lock(order.pk)
        if order.state != State.NEEDS_PHOTOS:
            _check(order, State.NEEDS_PHOTOS)
        _ask_for_photos(order, set(photo_ids), actor, why)
        return order


def photos_restored(order: Order, *, actor: User | None = None, why: str = "") -> Order:
    """The last missing photo came back: the order goes on where a paid one starts. Photos still missing: nothing happens."""
    with transaction.atomic():
        order = lock(order.pk)
        if order.state != State.NEEDS_PHOTOS or order.photos.filter(missing_since__isnull=False).exists():
            return order
        event = _move(order, State.PAID, actor, why, kind="photos_restored")
        _plan_fulfilment(order, suffix=f":{event.pk}")
        return order


def ask_for_photo(order: Order, seq: int, reason: str, *, actor: User | None = None) -> Order:
    """The owner cannot print a stored photo as it is: the customer gets the reason and sends another by the signed link.

    The order waits in `needs_photos` meanwhile, also from production. The reason stays on the photo, for people to
    read, and out of the history. Raises InvalidTransition once the prints are done, or while the photo is missing.
    """
    with transaction.atomic():
        order = lock(order.pk)
        row = order.photos.select_for_update().filter(seq=seq, stored_at__isnull=False, missing_since=None).first()
        if order.state not in ASKS_FOR_PHOTOS or row is None:
            raise InvalidTransition
        row.missing_since, row.replace_reason = timezone.now(), reason.strip()[:300]
        row.save(update_fields=["missing_since", "replace_reason"])
        event = _move(order, State.NEEDS_PHOTOS, actor, f"photo {seq}", kind="photo_asked")
        _email(order, f"replace_photo:{event.pk}")
        return order


def demand_asked_for(order: Order, seq: int) -> None:
    """Raises InvalidTransition unless the shop asked for the photo: asked before any byte of another is read (U3)."""
    if not any(photo.seq == seq and photo.missing_since for photo in order.photos.all()):
        raise InvalidTransition


def replace_photo(order: Order, seq: int, photo: Photo, *, actor: User | None = None) -> Order:
    """Puts a newly uploaded photo in the place of one that the shop asked for; sizes and prices stay as ordered (C66).

    Refused, it leaves nothing in Redis: of two that were sent at once for one place, the second goes at once, unless an
    order holds the same bytes.
    """
    try:
        with transaction.atomic():
            order = lock(order.pk)
            row = order.photos.select_for_update().filter(seq=seq, missing_since__isnull=False).first()
            if order.state != State.NEEDS_PHOTOS or row is None:
                raise InvalidTransition
            stash.hold([photo.id], order.number, PAID_KEEPS_PHOTOS_SECONDS)
            replacing.put(row, photo, _filename(photo.filename))
            order.stored_at = None
            order.save(update_fields=["stored_at"])
            _event(order, "photo_replaced", order.state, order.state, actor, f"photo {seq}")
            return photos_restored(order, actor=actor)
    except InvalidTransition:
        with contextlib.suppress(StashError):  # its draft forgets it within a day
            stash.remove(order.draft_id, photo.id)
        raise


def _step(order: Order, to: str, actor: User | None, why: str) -> Order:
    with transaction.atomic():
        order = lock(order.pk)
        if order.state == to:
            return order
        _check(order, to)
        _move(order, to, actor, why)
        _email(order, to)
        return order


def _check(order: Order, to: str) -> None:
    if order.state not in ALLOWED[to]:
        log.info("order_transition_refused", order=order.number, state=order.state, to=to)
        raise InvalidTransition


def _move(order: Order, to: str, actor: User | None, why: str, kind: str = "") -> OrderEvent:
    before, order.state = order.state, to
    order.save()
    return _event(order, kind or str(to), before, to, actor, why)


def _event(order: Order, kind: str, before: str, after: str, actor: User | None, why: str) -> OrderEvent:
    log.info("order_event", order=order.number, kind=kind, from_state=before, to_state=after)
    return OrderEvent.objects.create(
        order=order, kind=kind, from_state=before, to_state=after, actor=actor, why=why[:255]
    )


def _email(order: Order, kind: str) -> None:
    enqueue(
        "orders.email_customer",
        key=f"email-customer:{order.number}:{kind}",
        queue="mail",
        payload={"order_id": order.pk, "kind": str(kind)},
    )


def _plan_fulfilment(order: Order, suffix: str) -> None:
    payload: dict[str, object] = {"order_id": order.pk}
    enqueue("orders.store_photos", key=f"store:{order.number}{suffix}", queue="photos", payload=payload)
    enqueue("orders.email_owner", key=f"email-owner:{order.number}", queue="mail", payload=payload)
    _email(order, "confirmed")


def _ask_for_photos(order: Order, photo_ids: Collection[str], actor: User | None, why: str) -> None:
    """Marks the photos missing; the customer is asked once each time the order comes to need photos."""
    order.photos.filter(photo_id__in=photo_ids, stored_at__isnull=True, missing_since__isnull=True).update(
        missing_since=timezone.now()
    )
    if order.state != State.NEEDS_PHOTOS:
        event = _move(order, State.NEEDS_PHOTOS, actor, why)
        enqueue(
            "orders.email_customer",
            key=f"email-customer:{order.number}:needs_photos:{event.pk}",
            queue="mail",
            payload={"order_id": order.pk, "kind": "needs_photos"},
        )


def _write_personal(order: Order, snapshot: Snapshot | None, delivery: Mapping[str, Any]) -> None:
    source = snapshot.delivery if snapshot else delivery
    for name in PERSONAL_FIELDS:
        limit = getattr(Order._meta.get_field(name), "max_length", None)
        setattr(order, name, str(source.get(name) or "").replace("\x00", "")[:limit])
    order.language = str(source.get("language") or order.language)[:2]
    order.address_flagged = bool(source.get("flagged")) or (snapshot is None and order.method == Order.Method.POST)
    photos = list(order.photos.all())
    for photo in photos:
        photo.filename = _filename((snapshot.filenames if snapshot else {}).get(photo.seq, ""))
    OrderPhoto.objects.bulk_update(photos, ["filename"])


def _filename(name: str) -> str:
    return name.replace("\x00", "").encode("utf-8", "replace").decode()[:300]


def _keep_alive(order: Order, seconds: int) -> None:
    stash.hold(list(order.photos.values_list("photo_id", flat=True)), order.number, seconds)
    snapshots.prolong(order.number, seconds)
    coupons.keep_waiting(order, seconds)
    drafts.keep(order.draft_id, seconds)


def _seconds(until: datetime.datetime) -> int:
    return max(settings.DRAFT_TTL_SECONDS, int((until + VOUCHER_EXTRA - timezone.now()).total_seconds()))


def _let_go(order: Order) -> None:
    """Photos and snapshot are forgotten; the address only once the mails about the order's end had time to go out. Nothing is
    where money for it came since the end was committed (C11): whoever books that holds the row while holding the photos."""
    with transaction.atomic():
        order = lock(order.pk)
        if order.state not in (State.EXPIRED, State.CANCELLED) or order.payment_state == Order.PaymentState.REVIEW:
            return
        stash.release(list(order.photos.values_list("photo_id", flat=True)), order.number)
        if waiting("orders.email_customer", order_id=order.pk):
            snapshots.shorten(order.number, LAST_MAIL_SECONDS)
        else:
            snapshots.delete(order.number)
