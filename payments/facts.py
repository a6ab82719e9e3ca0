"""What Stripe says, in the shop's own words: the few facts of its objects that the shop believes after asking for them."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Voucher:
    """How a Multibanco payment is made: entity and reference (C29). Not personal."""

    entity: str
    reference: str
    expires_at: datetime.datetime | None
    url: str = ""


@dataclasses.dataclass(frozen=True)
class Intent:
    """A PaymentIntent. `status` is Stripe's; amounts in cents, currency in capitals."""

    id: str
    status: str
    amount_cents: int
    received_cents: int
    currency: str
    livemode: bool
    charge_id: str = ""
    refunded_cents: int | None = None  # known when the charge was asked for with it
    error_code: str = ""
    client_secret: str = dataclasses.field(default="", repr=False)
    metadata: Json = dataclasses.field(default_factory=dict, repr=False)
    shipping: Json = dataclasses.field(default_factory=dict, repr=False)
    voucher: Voucher | None = None


@dataclasses.dataclass(frozen=True)
class Session:
    """A Checkout Session. `status`: open, complete, expired; `payment_status`: paid, unpaid, no_payment_required."""

    id: str
    status: str
    payment_status: str
    amount_cents: int
    currency: str
    livemode: bool
    intent: Intent | None = None
    intent_id: str = ""
    url: str = dataclasses.field(default="", repr=False)
    client_secret: str = dataclasses.field(default="", repr=False)
    email: str = dataclasses.field(default="", repr=False)
    metadata: Json = dataclasses.field(default_factory=dict, repr=False)

    @property
    def paid(self) -> bool:
        return self.status == "complete" and self.payment_status == "paid"


@dataclasses.dataclass(frozen=True)
class Refund:
    """A refund; `status`: pending, requires_action, succeeded, failed, canceled."""

    id: str
    status: str
    amount_cents: int
    currency: str
    intent_id: str
    charge_id: str
    failure_reason: str = ""
    metadata: Json = dataclasses.field(default_factory=dict, repr=False)


@dataclasses.dataclass(frozen=True)
class Dispute:
    id: str
    status: str
    reason: str
    amount_cents: int
    currency: str
    intent_id: str
    charge_id: str


@dataclasses.dataclass(frozen=True)
class Event:
    """An event fetched from Stripe, as its webhook would have brought it."""

    id: str
    created: int
    body: Json = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class BalanceTransaction:
    """A movement of the balance; money out is negative. `kind`: charge, payment, refund, adjustment, payout, …"""

    id: str
    kind: str
    source_id: str
    amount_cents: int
    fee_cents: int
    net_cents: int
    currency: str
    created_at: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Payout:
    """`status`: paid, pending, in_transit, canceled, failed."""

    id: str
    status: str
    amount_cents: int
    currency: str
    automatic: bool
    arrives_at: datetime.datetime
    created_at: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Endpoint:
    id: str
    url: str
    enabled: bool
    events: tuple[str, ...]


def session(data: Json) -> Session:
    found = data.get("payment_intent")
    expanded = intent(found) if isinstance(found, Mapping) else None
    details = data.get("customer_details") or {}
    return Session(
        id=data["id"],
        status=data.get("status") or "",
        payment_status=data.get("payment_status") or "",
        amount_cents=int(data.get("amount_total") or 0),
        currency=str(data.get("currency") or "").upper(),
        livemode=bool(data.get("livemode")),
        intent=expanded,
        intent_id=expanded.id if expanded else str(found or ""),
        url=data.get("url") or "",
        client_secret=data.get("client_secret") or "",
        email=data.get("customer_email") or details.get("email") or "",
        metadata=data.get("metadata") or {},
    )


def intent(data: Json) -> Intent:
    error = data.get("last_payment_error") or {}
    return Intent(
        id=data["id"],
        status=data.get("status") or "",
        amount_cents=int(data.get("amount") or 0),
        received_cents=int(data.get("amount_received") or 0),
        currency=str(data.get("currency") or "").upper(),
        livemode=bool(data.get("livemode")),
        charge_id=identifier(data.get("latest_charge")),
        refunded_cents=_refunded(data.get("latest_charge")),
        error_code=str(error.get("decline_code") or error.get("code") or "")[:80],
        client_secret=data.get("client_secret") or "",
        metadata=data.get("metadata") or {},
        shipping=data.get("shipping") or {},
        voucher=_voucher((data.get("next_action") or {}).get("multibanco_display_details")),
    )


def as_session(intent: Intent) -> Session:
    """A Payment Element's Intent told as the Session that it stands for: no id and no page of Stripe's."""
    waiting = intent.status == "processing" or intent.voucher is not None
    known = {"succeeded": "complete", "canceled": "expired"}
    return Session(
        id="",
        status=known.get(intent.status, "complete" if waiting else "open"),
        payment_status="paid" if intent.status == "succeeded" else "unpaid",
        amount_cents=intent.amount_cents,
        currency=intent.currency,
        livemode=intent.livemode,
        intent=intent,
        intent_id=intent.id,
        email=str(intent.metadata.get("email") or ""),
        metadata=intent.metadata,
    )


def refund(data: Json) -> Refund:
    return Refund(
        id=data["id"],
        status=data.get("status") or "pending",
        amount_cents=int(data.get("amount") or 0),
        currency=str(data.get("currency") or "").upper(),
        intent_id=identifier(data.get("payment_intent")),
        charge_id=identifier(data.get("charge")),
        failure_reason=data.get("failure_reason") or "",
        metadata=data.get("metadata") or {},
    )


def dispute(data: Json) -> Dispute:
    return Dispute(
        id=data["id"],
        status=data.get("status") or "",
        reason=data.get("reason") or "",
        amount_cents=int(data.get("amount") or 0),
        currency=str(data.get("currency") or "").upper(),
        intent_id=identifier(data.get("payment_intent")),
        charge_id=identifier(data.get("charge")),
    )


def balance_transaction(data: Json) -> BalanceTransaction:
    return BalanceTransaction(
        id=data["id"],
        kind=data.get("type") or "",
        source_id=identifier(data.get("source")),
        amount_cents=int(data["amount"]),
        fee_cents=int(data.get("fee") or 0),
        net_cents=int(data["net"]),
        currency=str(data.get("currency") or "").upper(),
        created_at=_moment(data["created"]),
    )


def payout(data: Json) -> Payout:
    return Payout(
        id=data["id"],
        status=data.get("status") or "",
        amount_cents=int(data["amount"]),
        currency=str(data.get("currency") or "").upper(),
        automatic=bool(data.get("automatic")),
        arrives_at=_moment(data.get("arrival_date") or data["created"]),
        created_at=_moment(data["created"]),
    )


def identifier(value: Any) -> str:
    """The id of a field that holds an id or, expanded, the object."""
    return str(value.get("id") or "") if isinstance(value, Mapping) else str(value or "")


def _moment(unix_seconds: Any) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(int(unix_seconds), tz=datetime.UTC)


def _refunded(charge: Any) -> int | None:
    return int(charge.get("amount_refunded") or 0) if isinstance(charge, Mapping) else None


def _voucher(details: Json | None) -> Voucher | None:
    if not details:
        return None
    until = details.get("expires_at")
    return Voucher(
        entity=str(details.get("entity") or ""),
        reference=str(details.get("reference") or ""),
        expires_at=datetime.datetime.fromtimestamp(int(until), tz=datetime.UTC) if until else None,
        url=str(details.get("hosted_voucher_url") or ""),
    )
