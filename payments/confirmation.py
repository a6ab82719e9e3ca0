"""What came of a payment: Stripe is asked, and the books are made to agree. Webhook, success page, expiry task,
reconciliation and the owner's buttons all end here, so their order and number never matter (C9, C18).
"""

import structlog
from django.db import transaction

from orders import services as orders
from orders import snapshots
from orders.models import Order
from orders.snapshots import Snapshot
from outbox.services import enqueue
from payments import at_stripe, attempts, books, facts, gateway, parameters, purchases, rebuilt
from payments.attempts import Money
from payments.models import PaymentAttempt
from uploads import stash

State = PaymentAttempt.State
PaymentState = Order.PaymentState
# How long what was frozen is kept for a sum that waits for the owner, with its photos, or for its refund.
MONEY_KEEPS_SECONDS = 30 * 86_400

log = structlog.get_logger(__name__)


class NotVisibleYet(Exception):
    """The object names an order of ours that is not in the database (yet): try again (C19)."""


def settle_session(session_id: str) -> PaymentAttempt | None:
    """Fetches the Session and settles it; None when it is not the shop's. Raises GatewayError, NotVisibleYet."""
    return settle(gateway.retrieve_session(session_id))


def settle(session: facts.Session) -> PaymentAttempt | None:
    """Makes the books agree with a Session that was fetched a moment ago. Safe to repeat and to race. Raises GatewayError
    where it has to be fetched again, NotVisibleYet."""
    attempt = find(session)
    if attempt is None:
        return None
    if not attempt.stripe_id:
        attempt = attempts.opened(attempt.pk, session)  # C3: the answer to our call never arrived, the event did
    if session.status == "open" and _was_waiting(attempt):
        session = at_stripe.fetched(attempt)  # it may tell of a try before the one that is waited for
    intent = session.intent
    if session.paid:
        money = Money(
            cents=intent.received_cents if intent else session.amount_cents,
            currency=session.currency,
            intent_id=session.intent_id,
            charge_id=intent.charge_id if intent else "",
        )
        return _paid(attempt.pk, money, session)
    if session.status == "complete" or (session.status == "open" and _was_waiting(attempt)):
        rebuilt.remember(attempt.order, session)
        return _delayed(attempt, intent)
    if session.status == "expired":
        return _expired(attempt.pk)
    return attempt


def _was_waiting(attempt: PaymentAttempt) -> bool:
    """A delayed payment that is open again has failed: its voucher ran out, or a bank refused what it was still
    processing, for which there is no voucher (C28)."""
    return attempt.voucher is not None or (attempt.order.payment_state == PaymentState.AWAITING and not attempt.url)


def find(session: facts.Session) -> PaymentAttempt | None:
    """The attempt of a Session or an Element's Intent, by its id or, where that is not stored yet, by the metadata we gave it (C3)."""
    element = {"method": PaymentAttempt.Method.ELEMENTS}
    by_id = {"session_id": session.id} if session.id else element | {"intent_id": session.intent_id}
    known = PaymentAttempt.objects.select_related("order").filter(**by_id).first()
    if known is not None:
        return known
    public_id, number = str(session.metadata.get("attempt") or ""), str(session.metadata.get("order") or "")
    if not public_id or not number:
        return None
    unknown = {"session_id": None} if session.id else element | {"intent_id": None}
    named = PaymentAttempt.objects.select_related("order").filter(public_id=public_id, **unknown).first()
    if named is None or named.order.number != number:
        raise NotVisibleYet(session.id)
    return named


def _paid(attempt_id: int, money: Money, session: facts.Session) -> PaymentAttempt:
    """One transaction: payment confirmed, order paid, its effects planned. The second to arrive changes nothing (C9)."""
    number = PaymentAttempt.objects.values_list("order__number", flat=True).get(pk=attempt_id)
    snapshot = snapshots.load(number)
    with transaction.atomic():
        order, attempt = purchases.lock(attempt_id)
        new = attempt.state != State.CONFIRMED
        if new:
            order = _book(order, attempt, money, session, snapshot)
    _keep(order, attempt, session)
    parameters.forget(str(attempt.idempotency_key))
    if new:
        log.info("payment_confirmed", payment=attempt.public_id, order=number)
    return attempt


def _book(
    order: Order, attempt: PaymentAttempt, money: Money, session: facts.Session, snapshot: Snapshot | None
) -> Order:
    """On locked rows: what the money is for. The order as it is then."""
    fits = money.fits(attempt, order)
    attempts.write_money(attempt, money)
    if books.gone(attempt):
        _gone_again(order, attempt)
    elif _unwanted(order):
        _give_back(order, attempt)
    elif not fits:
        _review(order, attempt, f"{money.cents / 100:.2f} {money.currency} arrived")
    elif order.payment_state == PaymentState.REVIEW:
        _review(order, attempt, "another payment of the order is in review", "review_again")
    elif purchases.contested(order):
        _review(order, attempt, "another version of the order is in review", "review_versions")
    else:
        order = fulfil(order, snapshot, session)
        books.recompute(order, attempt)  # a part may have gone back already (C18)
    return order


def _keep(order: Order, attempt: PaymentAttempt, session: facts.Session) -> None:
    """Of money that waits for the owner, or goes back, what was frozen is kept as long as that may take; by whoever comes
    second too: the first may have died between the books' commit and this (C41)."""
    if order.paid_at is not None or books.gone(attempt) or purchases.bought(order) is not None:
        return
    if order.payment_state == PaymentState.REVIEW:
        stash.hold(list(order.photos.values_list("photo_id", flat=True)), order.number, MONEY_KEEPS_SECONDS)
    rebuilt.keep(order, session, MONEY_KEEPS_SECONDS)


def fulfil(order: Order, snapshot: Snapshot | None, session: facts.Session) -> Order:
    """Marks a locked order paid, from what was frozen or, where Redis lost that, from what Stripe carries (C49)."""
    order = orders.mark_paid(order, snapshot=snapshot, delivery=None if snapshot else rebuilt.delivery(session))
    purchases.close_others(order)
    return order


def _gone_again(order: Order, attempt: PaymentAttempt) -> None:
    """C18: the whole sum had gone back before it was known to have come. Nothing is made for it; an order that nobody
    else can pay, or has paid, is over."""
    attempts.note(attempt, "gone_again", why="all of it had been given back already")
    if books.over(order) or order.payment_state != PaymentState.AWAITING:
        books.recompute(order, attempt)


def _unwanted(order: Order) -> bool:
    """C11: money for an order that is paid already or was cancelled, or of which the customer has bought another
    version, goes back, whatever its sum; any other late payment revives the order."""
    paid_or_over = order.paid_at is not None or order.state == Order.State.CANCELLED
    return paid_or_over or purchases.bought(order) is not None


def give_back_others(order: Order, accepted: PaymentAttempt) -> None:
    """The owner accepted one payment of a locked order: what else came for it goes back (C11)."""
    for other in order.attempts.filter(state=State.CONFIRMED).exclude(pk=accepted.pk):
        if not books.gone(other):
            _give_back(order, other)


def _give_back(order: Order, attempt: PaymentAttempt) -> None:
    """Plans the refund; owner and customer are told. Of an order of its own the customer hears by the refund's mail."""
    other = purchases.bought(order)
    why = f"order {order.state}, {order.payment_state}" + (f"; {other.number} was bought" if other else "")
    attempts.note(attempt, "unwanted", why=why)
    enqueue(
        "payments.give_back",
        key=f"give-back:{attempt.public_id}",
        payload={"order_id": order.pk, "attempt_id": attempt.pk},
    )
    _tell_owner(attempt, "returned")
    if order.paid_at is None and other is not None and other.email:
        enqueue(
            "orders.email_customer",
            key=f"email-customer:{other.number}:paid_twice:{attempt.public_id}",
            queue="mail",
            payload={"order_id": other.pk, "kind": f"paid_twice:{attempt.pk}"},
        )
    # With a page or reference still open it ends when that does: expiry closes those of orders that wait, and tells of them.
    open_still = order.attempts.filter(state__in=attempts.OPEN).exists()
    if order.payment_state != PaymentState.REVIEW and not open_still:
        orders.expire(order, why="another version of it was bought")


def _review(order: Order, attempt: PaymentAttempt, why: str, kind: str = "review") -> None:
    """C10: nothing is fulfilled until the owner has looked; what was frozen is kept meanwhile (_keep)."""
    attempts.note(attempt, "review", why=why)
    attempts.set_payment_state(order, PaymentState.REVIEW)
    purchases.close_pages(order)
    _tell_owner(attempt, kind)


def _tell_owner(attempt: PaymentAttempt, kind: str) -> None:
    enqueue(
        "payments.email_owner",
        key=f"email-owner:{attempt.public_id}:{kind}",
        queue="mail",
        payload={"order_id": attempt.order_id, "attempt_id": attempt.pk, "kind": kind},
    )


def _delayed(attempt: PaymentAttempt, intent: facts.Intent | None) -> PaymentAttempt:
    """Complete but not paid: a voucher waits to be paid (C26), or the delayed payment has failed (C28)."""
    if intent is not None and intent.status in ("requires_payment_method", "canceled"):
        return _failed(attempt.pk, intent.error_code or intent.status)
    with transaction.atomic():
        order, attempt = attempts.lock(attempt.pk)
        if attempt.state not in attempts.OPEN:
            return attempt
        if intent is not None:
            attempt.intent_id = intent.id
            if intent.voucher is not None:
                attempt.voucher = dict(attempts.voucher_json(intent.voucher, attempt))
        attempt.url = ""
        attempt.save(update_fields=["intent_id", "voucher", "url"])
        if order.payment_state == PaymentState.REVIEW:
            return attempt  # money that came already waits for the owner: this one changes nothing of that
        until = intent.voucher.expires_at if intent and intent.voucher else None
        if order.state == Order.State.PENDING and order.payment_state != PaymentState.AWAITING:
            attempts.note(attempt, "awaiting")
        orders.mark_awaiting(order, until=until)
    return attempt


def _failed(attempt_id: int, code: str) -> PaymentAttempt:
    """The customer is told and may pay again with the same photos: the order stays pending (C28). Not while other money
    of the order is in review: nothing can be paid then (C10)."""
    with transaction.atomic():
        order, attempt = attempts.lock(attempt_id)
        if attempt.state not in attempts.OPEN:
            return attempt
        attempts.close(attempt.pk, State.FAILED, "the delayed payment failed", failure_code=code)
        if attempt.method == PaymentAttempt.Method.ELEMENTS:
            attempts.close_later(attempt, "failed")  # the next try gets an Intent of its own (C5)
        if order.attempts.filter(state=State.CONFIRMED).exists():
            books.close(order)  # other money came for it: it waits for the owner, or has all gone back
        elif order.state == Order.State.PENDING:
            attempts.set_payment_state(order, PaymentState.UNPAID)
            enqueue(
                "orders.email_customer",
                key=f"email-customer:{order.number}:payment_failed:{attempt.public_id}",
                queue="mail",
                payload={"order_id": order.pk, "kind": f"failed:{attempt.pk}"},
            )
    attempt.refresh_from_db()
    return attempt


def _expired(attempt_id: int) -> PaymentAttempt:
    """The Session closed unpaid: so does the attempt, and the order unless another attempt of it is open or paid."""
    with transaction.atomic():
        order, attempt = attempts.lock(attempt_id)
        if attempt.state in attempts.OPEN:
            attempts.close(attempt.pk, State.CANCELED, "expired")
            books.close(order, "nobody paid in time")
    attempt.refresh_from_db()
    return attempt
