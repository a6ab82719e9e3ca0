"""What Stripe is asked for: a Session's parameters from the stored order (C1) and the customer's data from Redis.

The parameters hold personal data, so PostgreSQL gets their hash only; they wait in Redis beside the draft, so that a
retry after a crash sends the very same ones (C43).
"""

import datetime
import hashlib
import json
from collections import defaultdict
from typing import Any, cast

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_redis import get_redis_connection

from orders.models import Order
from orders.snapshots import Snapshot

Params = dict[str, Any]

KEEP_SECONDS = 25 * 3600  # Stripe remembers a key for 24 hours
SHORTEST_SECONDS = 32 * 60  # Stripe refuses less than 30 minutes; time passes until it is asked (C4)
LONGEST_SECONDS = 24 * 3600 - 300
MULTIBANCO_CENTS = (50, 9_999_900)  # the least and the most that it takes
MAX_LINES = 100  # of a Session
MAX_METADATA_CHARACTERS = 500


def expires_at() -> datetime.datetime:
    """When a Session made now ends (C4); freezing keeps draft, snapshot and photos longer than this."""
    seconds = min(max(settings.CHECKOUT_EXPIRES_SECONDS, SHORTEST_SECONDS), LONGEST_SECONDS)
    return (timezone.now() + datetime.timedelta(seconds=seconds)).replace(microsecond=0)


def session_params(order: Order, snapshot: Snapshot, attempt_id: str, until: datetime.datetime, trace: str) -> Params:
    """The parameters of `checkout.sessions.create` for the order's frozen sum."""
    delivery = snapshot.delivery
    metadata = _metadata(order, snapshot, attempt_id, trace)
    with translation.override(order.language):
        lines = _lines(order)
    intent: Params = {"metadata": metadata, "description": order.number}
    if order.method == Order.Method.POST:
        intent["shipping"] = _shipping(delivery)
    params: Params = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": lines,
        "client_reference_id": order.number,
        "locale": "en" if order.language == "en" else "pt",
        "customer_email": str(delivery["email"]),
        "metadata": metadata,
        "payment_intent_data": intent,
        "success_url": f"{settings.SITE_URL}/checkout/return/?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{settings.SITE_URL}/checkout/back/{attempt_id}/",
        "expires_at": int(until.timestamp()),
    }
    return params | methods(order.total_cents, order.currency)


def intent_params(order: Order, snapshot: Snapshot, attempt_id: str, trace: str) -> Params:
    """The parameters of `payment_intents.create` for a Payment Element. The customer's email travels as metadata: as
    `receipt_email` Stripe would write to the customer as well."""
    metadata = _metadata(order, snapshot, attempt_id, trace) | {"email": str(snapshot.delivery["email"])}
    params: Params = {
        "amount": order.total_cents,
        "currency": order.currency.lower(),
        "automatic_payment_methods": {"enabled": True},
        "description": order.number,
        "metadata": metadata,
    }
    if order.method == Order.Method.POST:
        params["shipping"] = _shipping(snapshot.delivery)
    return params | methods(order.total_cents, order.currency)


def methods(cents: int, currency: str) -> Params:
    """Which payment methods Stripe may offer: those switched on in its dashboard, narrowed by the setting, and
    Multibanco only for the sums that it takes (C31)."""
    possible = currency == "EUR" and MULTIBANCO_CENTS[0] <= cents <= MULTIBANCO_CENTS[1]
    if settings.STRIPE_PAYMENT_METHODS:
        offered = [name for name in settings.STRIPE_PAYMENT_METHODS if possible or name != "multibanco"]
        return {"allowed_payment_method_types": offered or ["card"]}
    return {} if possible else {"excluded_payment_method_types": ["multibanco"]}


def fingerprint(params: Params) -> str:
    """SHA-256 of the parameters' canonical form."""
    return hashlib.sha256(_canonical(params).encode()).hexdigest()


def remember(idempotency_key: str, params: Params) -> None:
    get_redis_connection("default").set(_key(idempotency_key), _canonical(params), ex=KEEP_SECONDS)


def recall(idempotency_key: str, params_hash: str) -> Params | None:
    """The parameters of an earlier call; None when Redis has lost them, or holds others than the row's hash says."""
    data = get_redis_connection("default").get(_key(idempotency_key))
    if data is None:
        return None
    params = cast(Params, json.loads(data))
    return params if fingerprint(params) == params_hash else None


def forget(idempotency_key: str) -> None:
    get_redis_connection("default").delete(_key(idempotency_key))


def _lines(order: Order) -> list[Params]:
    """A line a product, finish and unit price, and one for shipping; their sum is the order's total, or it is a bug.

    With a discount one line for all: a line cannot be negative, and a discount spread over prices would show unit
    prices that nobody has seen.
    """
    if order.discount_cents:
        name = _("{count} prints and delivery, with code {code}").format(count=order.prints, code=order.coupon_code)
        return [_line(order, name, order.total_cents, 1)]
    counted: dict[tuple[str, str, int], int] = defaultdict(int)
    for item in order.items.all():
        counted[item.product_name, item.finish_name, item.unit_cents] += item.quantity
    lines = [
        _line(order, f"{product}, {finish}", unit, quantity) for (product, finish, unit), quantity in counted.items()
    ]
    if len(lines) >= MAX_LINES:
        lines = [_line(order, _("{count} prints").format(count=order.prints), order.items_cents, 1)]
    if order.shipping_cents:
        lines.append(_line(order, _("Shipping"), order.shipping_cents, 1))
    total = sum(line["price_data"]["unit_amount"] * line["quantity"] for line in lines)
    if total != order.total_cents:
        raise ValueError(f"the lines of {order.number} sum to {total}, not to {order.total_cents}")
    return lines


def _line(order: Order, name: str, unit_cents: int, quantity: int) -> Params:
    price = {
        "currency": order.currency.lower(),
        "unit_amount": unit_cents,
        "tax_behavior": "inclusive",
        "product_data": {"name": name},
    }
    return {"price_data": price, "quantity": quantity}


def _metadata(order: Order, snapshot: Snapshot, attempt_id: str, trace: str) -> dict[str, str]:
    """What finds the order again (C3), and rebuilds it where Redis was lost (C49)."""
    delivery = snapshot.delivery
    fields = {
        "order": order.number,
        "draft": order.draft_id,
        "attempt": attempt_id,
        "method": order.method,
        "language": order.language,
        "nif": delivery.get("nif"),
        "note": delivery.get("note"),
        "correlation": trace,
    }
    if order.method == Order.Method.PICKUP:
        fields |= {"name": delivery.get("name"), "phone": delivery.get("phone")}
    return {name: str(value)[:MAX_METADATA_CHARACTERS] for name, value in fields.items() if value}


def _shipping(delivery: dict[str, object]) -> Params:
    address = {
        "line1": delivery.get("street"),
        "line2": delivery.get("extra"),
        "postal_code": delivery.get("postal_code"),
        "city": delivery.get("city"),
        "country": "PT",
    }
    shipping: Params = {
        "name": str(delivery["name"]),
        "address": {name: str(value) for name, value in address.items() if value},
    }
    if delivery.get("phone"):
        shipping["phone"] = str(delivery["phone"])
    return shipping


def _canonical(params: Params) -> str:
    return json.dumps(params, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _key(idempotency_key: str) -> str:
    return f"checkout-params:{idempotency_key}"
