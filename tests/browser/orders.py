"""Orders as customers find them on their page, in every state, with drawn photos behind them. No worker is needed."""

import datetime
import io
from typing import Any

from django.utils import timezone

from orders import snapshots
from orders.models import Order, OrderEvent, OrderPhoto
from orders.snapshots import Snapshot
from orders.tests.factories import PERSON, OrderFactory, OrderItemFactory, OrderPhotoFactory
from orders.tests.paid_orders import HOLD_SECONDS, stashed
from payments.models import PaymentAttempt
from tests.browser.photos import landscape
from uploads import stash

State, Money = Order.State, Order.PaymentState
REASON = "A fotografia está muito desfocada neste tamanho. Tem o original, sem o filtro?"
REASON_EN = "The photo is very blurred at this size. Do you have the original, without the filter?"
LONG_NAME = "WhatsApp Image 2026-08-14 at 18.21.07 (uma fotografia da avó com os netos na praia da Rocha).jpeg"
PHOTOS = (  # file name, width, height, product, width and height in mm, fit, quantity, unit price in cents
    ("Serra da Estrela.jpg", 3000, 2000, "20 × 30 cm", 200, 300, "crop", 1, 350),
    ("avó_à_janela.jpg", 2000, 3000, "13 × 18 cm", 130, 180, "border", 2, 60),
    (LONG_NAME, 2400, 1800, "10 × 15 cm", 100, 150, "crop", 12, 35),
)
WAY = (State.PAID, State.IN_PRODUCTION, State.READY, State.SHIPPED, State.DELIVERED)
STATES: dict[str, dict[str, Any]] = {
    "unpaid": {"state": State.PENDING},
    "awaiting": {"state": State.PENDING, "payment_state": Money.AWAITING},
    "review": {"state": State.PENDING, "payment_state": Money.REVIEW},
    "paid": {"state": State.PAID},
    "disputed": {"state": State.PAID, "payment_state": Money.DISPUTED},
    "needs-photos": {"state": State.NEEDS_PHOTOS},
    "replace-photo": {"state": State.NEEDS_PHOTOS},
    "in-production": {"state": State.IN_PRODUCTION},
    "ready": {"state": State.READY},
    "ready-pickup": {"state": State.READY, "method": Order.Method.PICKUP, "zone": "", "shipping_cents": 0},
    "shipped": {"state": State.SHIPPED, "shipped_at": timezone.now(), "carrier": "CTT", "tracking": "RT482915637PT"},
    "delivered": {
        "state": State.DELIVERED,
        "shipped_at": timezone.now(),
        "carrier": "CTT",
        "tracking": "RT482915637PT",
    },
    "partly-refunded": {"state": State.IN_PRODUCTION, "payment_state": Money.PARTLY_REFUNDED},
    "expired": {"state": State.EXPIRED},
    "paid-too-late": {"state": State.EXPIRED, "payment_state": Money.REFUNDED},
    "cancelled": {"state": State.CANCELLED, "payment_state": Money.REFUNDED},
}
NOT_PAID = ("unpaid", "awaiting", "review", "expired", "paid-too-late")


def order_in(name: str, *, language: str = "pt") -> Order:
    """An order of three photos in the state of that name, begun two days ago."""
    fields: dict[str, Any] = {"items_cents": 890, "shipping_cents": 390, "prints": 15, "language": language}
    fields |= STATES[name]
    fields["total_cents"] = fields["items_cents"] + fields["shipping_cents"]
    fields["tax_cents"] = round(fields["total_cents"] * 23 / 123)
    paid = name not in NOT_PAID
    began = timezone.now() - datetime.timedelta(days=2)
    if paid:
        fields = PERSON | {"paid_at": began, "payment_state": Money.PAID} | fields
    order: Order = OrderFactory(items=False, created_at=began, **fields)
    photos = [_photo(order, seq, paid=paid) for seq in range(1, len(PHOTOS) + 1)]
    if paid:
        _history(order, began)
    else:
        _wait_for_payment(order, photos)
    if order.state == State.NEEDS_PHOTOS:
        photos[2].missing_since = began
        photos[2].replace_reason = (REASON_EN if language == "en" else REASON) if name == "replace-photo" else ""
        photos[2].save(update_fields=["missing_since", "replace_reason"])
    gone_back = {Money.REFUNDED: order.total_cents, Money.PARTLY_REFUNDED: 60, Money.REVIEW: 0, Money.DISPUTED: 0}
    if order.payment_state in gone_back:
        _attempt(order, refunded_cents=gone_back[Money(order.payment_state)])
    return order


def _photo(order: Order, seq: int, *, paid: bool) -> OrderPhoto:
    name, width, height, product, width_mm, height_mm, fit, quantity, unit_cents = PHOTOS[seq - 1]
    picture = io.BytesIO()
    landscape(width // 4, height // 4, seq).save(picture, "JPEG")
    photo = stashed(picture.getvalue(), filename=name, width=width, height=height)
    stash.save_preview(photo.id, picture.getvalue())
    stash.hold([photo.id], order.number, HOLD_SECONDS)
    row: OrderPhoto = OrderPhotoFactory(
        order=order, seq=seq, photo_id=photo.id, filename=name if paid else "", width=width, height=height
    )
    OrderItemFactory(
        photo=row,
        product_name=product,
        width_mm=width_mm,
        height_mm=height_mm,
        fit=fit,
        quantity=quantity,
        unit_cents=unit_cents,
    )
    return row


def _history(order: Order, began: datetime.datetime) -> None:
    """An event for each step up to the order's state, some hours apart."""
    way = WAY[: WAY.index(State(order.state)) + 1] if order.state in WAY else WAY[:1]
    for number, state in enumerate(way):
        OrderEvent.objects.create(
            order=order, kind=state, to_state=state, at=began + datetime.timedelta(hours=9 * number)
        )


def _wait_for_payment(order: Order, photos: list[OrderPhoto]) -> None:
    """What Redis holds of an order that nobody has paid yet, and its voucher."""
    names = {photo.seq: PHOTOS[photo.seq - 1][0] for photo in photos}
    delivery: dict[str, object] = {**PERSON, "method": order.method, "language": order.language}
    ids = [photo.photo_id for photo in photos]
    snapshots.save(order.number, Snapshot(order.number, order.draft_id, delivery, names, ids), HOLD_SECONDS)
    if order.payment_state == Money.AWAITING:
        expires = timezone.now() + datetime.timedelta(days=3)
        _attempt(
            order,
            state=PaymentAttempt.State.PENDING,
            voucher={
                "entity": "21800",
                "reference": "123 456 789",
                "amount_cents": order.total_cents,
                "expires_at": expires.isoformat(),
                "url": "https://payments.example/voucher",
            },
        )


def _attempt(order: Order, **fields: Any) -> None:
    values: dict[str, Any] = {"state": PaymentAttempt.State.CONFIRMED, **fields}
    if values["state"] == PaymentAttempt.State.CONFIRMED:
        values |= {"received_cents": order.total_cents, "confirmed_at": timezone.now()}
    PaymentAttempt.objects.create(
        order=order, method=PaymentAttempt.Method.CHECKOUT, amount_cents=order.total_cents, **values
    )
