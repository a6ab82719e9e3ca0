"""Freezing a draft into an order (C66): what is paid for is what was frozen, whatever happens to the draft afterwards.

PostgreSQL gets numbers, sizes and prices; names, addresses and file names go to a snapshot in Redis (DESIGN §3).
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from orders import basket as baskets
from orders import coupons, drafts, legal, snapshots
from orders.basket import Basket
from orders.coupons import CouponRefused
from orders.drafts import Draft
from orders.models import Coupon, Order, OrderEvent, OrderItem, OrderPhoto
from orders.problems import DraftBusy, DraftExpired, DraftIncomplete, DraftOrdered, SumChanged, TermsNotAccepted
from orders.snapshots import Snapshot
from outbox.services import enqueue
from uploads import stash
from uploads.photo import Photo

MARGIN_SECONDS = 3600  # what was frozen outlives the Session by this, for events that come late


def freeze(draft: Draft, *, language: str, terms: bool, shown_cents: int | None = None) -> Order:
    """The pending order of what the draft holds now; unchanged since the last time, the same order (C5).

    `shown_cents` is the sum that the customer saw; None where nobody was shown one. Call outside transactions. Raises
    DraftExpired, DraftOrdered, DraftIncomplete, TermsNotAccepted, SumChanged, DraftBusy.
    """
    draft = drafts.get(draft.id) or _expired()
    if draft.ordered:
        raise DraftOrdered
    basket = baskets.load(draft)
    lacking = missing(basket)
    if lacking:
        _refuse_paid(draft.id)  # its photos may be in S3 by now
        raise DraftIncomplete(lacking)
    if not terms:
        raise TermsNotAccepted
    if basket.coupon_problem is not None:
        _drop_coupon(draft, basket.coupon_problem)
    if shown_cents is not None and shown_cents != basket.totals.total_cents:
        raise SumChanged
    versions = legal.versions()
    fingerprint = _fingerprint(basket, versions)
    photos = _ordered_photos(basket)
    try:
        order = _find_or_create(basket, photos, fingerprint, language, versions)
    except CouponRefused as refusal:
        _drop_coupon(draft, refusal)
    seconds = settings.DRAFT_TTL_SECONDS + settings.CHECKOUT_EXPIRES_SECONDS + MARGIN_SECONDS
    ids = [photo.id for photo in photos]
    if stash.hold(ids, order.number, seconds) < len(ids):
        raise DraftIncomplete(["photos"])
    snapshots.save(order.number, _snapshot(draft, order, photos), seconds)
    seconds = max(settings.DRAFT_TTL_SECONDS, settings.CHECKOUT_EXPIRES_SECONDS + MARGIN_SECONDS)
    _close_outdated(order, _note(draft, order, fingerprint, seconds))
    stash.prolong(draft.id, seconds)
    return order


def missing(basket: Basket) -> list[str]:
    """What still keeps the draft from being paid: items, photos (checking or broken), delivery, minimum_order."""
    lacking = []
    if not basket.prints:
        lacking.append("items")
    if any(item.photo.state != "ready" for item in basket.prints):
        lacking.append("photos")
    if not basket.draft.delivery or not (basket.draft.address or {}).get("confirmed"):
        lacking.append("delivery")
    if basket.minimum_left:
        lacking.append("minimum_order")
    return lacking


def _drop_coupon(draft: Draft, refusal: CouponRefused) -> NoReturn:
    """The code holds no longer: nobody pays a sum that was not shown, and the next try shows the one without it."""
    drafts.set_coupon(draft, "")
    raise refusal


def _expired() -> Draft:
    raise DraftExpired


def _ordered_photos(basket: Basket) -> list[Photo]:
    """The photos that are printed, in the draft's order: the first is number 1 of the order."""
    used = {item.photo.id for item in basket.prints}
    return [photo for photo in basket.photos if photo.id in used]


def _fingerprint(basket: Basket, versions: Mapping[str, str]) -> str:
    """A keyed hash of all that is frozen: without the shop's key nobody can try addresses against it."""
    frozen = {
        "prints": [
            [
                item.photo.sha256,
                item.unit_cents,
                *(item.row[name] for name in ("product", "finish", "quantity", "fit", "crop")),
            ]
            for item in basket.prints
        ],
        "delivery": basket.draft.delivery,
        "address": basket.draft.address,
        "totals": basket.totals.as_json(),
        "coupon": basket.draft.coupon,
        "terms": versions,
    }
    return salted_hmac("orders.checkout", json.dumps(frozen, sort_keys=True), algorithm="sha256").hexdigest()


def _refuse_paid(draft_id: str) -> None:
    """C66: a draft whose order is paid is over, also where Redis never learned of it."""
    paid = Order.objects.filter(draft_id=draft_id, paid_at__isnull=False).values_list("number", flat=True).first()
    if paid is not None:
        drafts.mark_ordered(draft_id, paid)
        raise DraftOrdered


def _find_or_create(
    basket: Basket, photos: list[Photo], fingerprint: str, language: str, versions: Mapping[str, str]
) -> Order:
    """One pending order a draft and fingerprint; a unique constraint decides between two clicks at once (C5)."""
    same = Q(fingerprint=fingerprint, state=Order.State.PENDING)
    known = Order.objects.filter(same | Q(paid_at__isnull=False), draft_id=basket.draft.id)
    order = known.order_by(F("paid_at").asc(nulls_last=True)).first()
    if order is not None and order.paid_at is not None:
        _refuse_paid(basket.draft.id)
    if order is not None:
        return order
    try:
        with transaction.atomic():
            return _create(basket, photos, fingerprint, language, versions)
    except IntegrityError:
        order = Order.objects.filter(same, draft_id=basket.draft.id).first()
        if order is None:
            raise
        return order


def _create(basket: Basket, photos: list[Photo], fingerprint: str, language: str, versions: Mapping[str, str]) -> Order:
    draft, totals = basket.draft, basket.totals
    coupon = _coupon(draft)
    order = Order.objects.create(
        draft_id=draft.id,
        fingerprint=fingerprint,
        language=language if language in dict(settings.LANGUAGES) else draft.language,
        customer_id=draft.owner,
        currency=totals.currency,
        items_cents=totals.items_cents,
        shipping_cents=totals.shipping_cents,
        discount_cents=totals.discount_cents,
        coupon=coupon,
        coupon_code=coupon.code if coupon else "",
        total_cents=totals.total_cents,
        tax_cents=totals.tax_cents,
        iva_percent=totals.iva_percent,
        prints=totals.prints,
        method=(draft.delivery or {})["method"],
        zone=(draft.address or {})["zone"],
        terms_version=versions["terms"],
        privacy_version=versions["privacy"],
        withdrawal_version=versions["withdrawal"],
        terms_accepted_at=timezone.now(),
    )
    rows = {
        photo.id: OrderPhoto(
            order=order,
            seq=seq,
            photo_id=photo.id,
            content_type=photo.content_type,
            bytes=photo.bytes,
            width=photo.width,
            height=photo.height,
            sha256=photo.sha256,
        )
        for seq, photo in enumerate(photos, start=1)
    }
    OrderPhoto.objects.bulk_create(rows.values())
    OrderItem.objects.bulk_create(_item(order, rows[item.photo.id], item) for item in basket.prints)
    OrderEvent.objects.create(order=order, kind="created", to_state=order.state)
    return order


def _coupon(draft: Draft) -> Coupon | None:
    """The draft's coupon with one use of it taken (see orders.coupons)."""
    if not draft.coupon:
        return None
    return coupons.claim(draft.coupon, draft_id=draft.id, email=str((draft.delivery or {}).get("email") or ""))


def _item(order: Order, photo: OrderPhoto, item: baskets.Print) -> OrderItem:
    english = order.language == "en"
    return OrderItem(
        order=order,
        photo=photo,
        product_code=item.product.code,
        product_name=item.product.name_en if english else item.product.name_pt,
        width_mm=item.product.width_mm,
        height_mm=item.product.height_mm,
        border_mm=item.product.border_mm if item.row["fit"] == OrderItem.Fit.BORDER else 0,
        finish_code=item.finish.code,
        finish_name=item.finish.name_en if english else item.finish.name_pt,
        quantity=item.row["quantity"],
        fit=item.row["fit"],
        crop=item.row["crop"],
        dpi=item.dpi,
        quality=item.quality,
        unit_cents=item.unit_cents,
        line_cents=item.line_cents,
    )


def _snapshot(draft: Draft, order: Order, photos: list[Photo]) -> Snapshot:
    address: dict[str, Any] = draft.address or {}
    verdict = {name: address.get(name) for name in ("formatted_address", "place_id", "flagged")}
    return Snapshot(
        order=order.number,
        draft_id=draft.id,
        delivery=(draft.delivery or {}) | verdict,
        filenames={seq: photo.filename for seq, photo in enumerate(photos, start=1)},
        photo_ids=[photo.id for photo in photos],
    )


def _close_outdated(order: Order, draft: Draft) -> None:
    """C6: what the draft was before can soon no longer be paid. Only now does the task know which order is the current."""
    if Order.objects.filter(draft_id=draft.id, state=Order.State.PENDING).exclude(pk=order.pk).exists():
        with transaction.atomic():
            enqueue(
                "payments.expire_attempts",
                key=f"expire:{draft.id}:{draft.version}",
                payload={"order_id": order.pk, "draft_id": draft.id},
            )


def _note(frozen: Draft, order: Order, fingerprint: str, seconds: int) -> Draft:
    """Ties the draft to the order, unless somebody changed it in this very moment: then nothing has been frozen for it."""

    def change(newest: Draft) -> None:
        if newest.ordered:
            raise DraftOrdered
        if any(getattr(newest, name) != getattr(frozen, name) for name in ("items", "delivery", "address", "coupon")):
            raise DraftBusy
        known = newest.checkout or {}
        same = known.get("order") == order.number and not known.get("stale")
        newest.checkout = (known if same else {}) | {"fingerprint": fingerprint, "order": order.number, "stale": False}

    return drafts.update(frozen.id, change, seconds)
