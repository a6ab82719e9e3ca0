"""Paying by a link, under the rules of orders: one payable Session, its key committed first, webhook and return page end
in the same `settle`, and an event is only a trigger (C1, C5, C8–C10, C43)."""

import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from payments import at_stripe, at_stripe_links, facts, gateway, link_refunds, link_vouchers
from payments.link_rows import lock, lock_link, move, note, note_link, tell
from payments.models import LinkPayment, PaymentLink
from payments.problems import LinkClosed, LinkEndsSoon, PaymentRefused, PaymentServiceUnavailable

State = LinkPayment.State
UNWANTED = {
    "paid_twice": "the link can be paid once, and was paid already",
    "too_late": "the link was closed",
}


def make(
    cents: int,
    description: str,
    *,
    actor: User | None = None,
    single_use: bool = True,
    expires_at: datetime.datetime | None = None,
) -> PaymentLink:
    """A new link. Raises ValidationError when sum or words will not do."""
    link = PaymentLink(
        amount_cents=cents, description=description.strip(), single_use=single_use, expires_at=expires_at
    )
    return add(link, actor=actor)


def add(link: PaymentLink, *, actor: User | None = None) -> PaymentLink:
    """Saves a link that was filled in, with the first line of its history. Raises ValidationError."""
    link.created_by = actor
    link.full_clean()
    with transaction.atomic():
        link.save()
        note_link(link, "made", actor=actor)
    return link


def payable(link: PaymentLink) -> bool:
    over = link.closed_at is not None or (link.expires_at is not None and link.expires_at <= timezone.now())
    return not over and not (link.single_use and paid(link))


def paid(link: PaymentLink) -> bool:
    return link.payments.filter(state=State.CONFIRMED).exists()


def waiting(link: PaymentLink, visitor: str) -> LinkPayment | None:
    """The payment that this visitor has chosen how to make and whose money is still welcome, and has not come yet."""
    if unwanted_by(link) or not (visitor or link.single_use):
        return None
    mine = link.payments.filter(visitor="" if link.single_use else visitor, state=State.PENDING, url="").first()
    return None if mine is None or link_vouchers.over(mine) else mine


def start(link_id: int, visitor: str, language: str) -> LinkPayment:
    """The one open payment of this visitor, with Stripe's page; asked again, the same. Call outside transactions.

    Raises LinkClosed, LinkEndsSoon, PaymentServiceUnavailable, PaymentRefused.
    """
    try:
        for turn in range(3):
            payment = _existing_or_new(link_id, visitor, language)
            if not payment.session_id:
                session = at_stripe_links.ask(payment)
                if session is None:
                    cancel_unopened(payment.pk)
                    continue
                payment = opened(payment.pk, session)
                _refuse_closed(payment)
            if payment.state in LinkPayment.OPEN and _usable(payment, asked=turn > 0):
                return payment
            settle(at_stripe.closed_session(str(payment.session_id)))
    except gateway.GatewayUnavailable as error:
        raise PaymentServiceUnavailable from error
    except gateway.GatewayMisconfigured as error:
        raise PaymentServiceUnavailable from error
    except gateway.GatewayRefused as error:
        cancel(payment.pk)
        raise PaymentRefused from error
    raise PaymentServiceUnavailable


def _usable(payment: LinkPayment, *, asked: bool) -> bool:
    """Its page is open long enough; or its payer has chosen a method whose money comes later: unless it ran out, it stays the
    one to be paid, and then too where Stripe, asked a moment ago, still waits for it."""
    if payment.url:
        return at_stripe_links.lasting(payment)
    return asked or not link_vouchers.over(payment)


def _existing_or_new(link_id: int, visitor: str, language: str) -> LinkPayment:
    with transaction.atomic():
        link = lock_link(link_id)
        if not payable(link):
            raise LinkClosed
        key = "" if link.single_use else visitor
        found = link.payments.filter(state__in=LinkPayment.OPEN, visitor=key).first()
        if found is not None:
            return found
        until = at_stripe_links.until(link)
        if until is None:
            raise LinkEndsSoon
        payment = LinkPayment.objects.create(
            link=link,
            visitor=key,
            amount_cents=link.amount_cents,
            currency=link.currency,
            language=language,
            expires_at=until,
        )
        note(payment, "created")
        return payment


def _refuse_closed(payment: LinkPayment) -> None:
    """The link was closed while Stripe was asked: the page just made must not stay payable."""
    if payment.link.closed_at is not None:
        settle(at_stripe.closed_session(str(payment.session_id)))
        raise LinkClosed


def opened(payment_id: int, session: facts.Session) -> LinkPayment:
    """Stripe made the Session: its id and page are kept, once."""
    with transaction.atomic():
        payment = lock(payment_id)
        if payment.session_id is None:
            payment.session_id, payment.url = session.id, session.url
            move(payment, State.PENDING if payment.state == State.CREATED else payment.state, kind="opened")
        return payment


def settle(session: facts.Session) -> bool:
    """Makes the books agree with a Session fetched a moment ago; False when it is of no link. Safe to repeat and race."""
    known = LinkPayment.objects.filter(session_id=session.id).first()
    known = known or LinkPayment.objects.filter(public_id=str(session.metadata.get("attempt")), session_id=None).first()
    if known is None:
        return False
    payment = opened(known.pk, session)
    if session.paid:
        _paid(payment.pk, session)
    elif session.status == "expired":
        cancel(payment.pk)
    elif session.status == "complete":
        link_vouchers.delayed(payment.pk, session.intent)
    return True


def _paid(payment_id: int, session: facts.Session) -> None:
    with transaction.atomic():
        payment = lock(payment_id)
        if payment.state == State.CONFIRMED:
            return
        unwanted = unwanted_by(payment.link)
        payment.voucher = None
        payment.received_cents = session.intent.received_cents if session.intent else session.amount_cents
        payment.confirmed_at, payment.url = timezone.now(), ""
        payment.intent_id, payment.email = session.intent_id or None, session.email
        payment.charge_id = session.intent.charge_id if session.intent else ""
        move(payment, State.CONFIRMED)
        fits = (payment.received_cents, session.currency) == (payment.amount_cents, payment.currency)
        if unwanted:
            link_refunds.plan(payment, reason=UNWANTED[unwanted])
            tell(payment, "returned")
        else:
            tell(payment, "paid" if fits else "review")
        if payment.email:
            tell(payment, unwanted or "receipt")


def unwanted_by(link: PaymentLink) -> str:
    """Why money that arrives now goes back, whole (C11), a key of UNWANTED; "" where it is welcome. As orders that ran out, a link that ran
    out takes what was begun in time: its pages end with it, so that can only be a Multibanco reference."""
    if link.single_use and paid(link):
        return "paid_twice"
    return "too_late" if link.closed_at is not None else ""


def cancel(payment_id: int, why: str = "") -> None:
    """Ends an open payment here; Stripe never made its page, or has closed it."""
    with transaction.atomic():
        payment = lock(payment_id)
        if payment.state in LinkPayment.OPEN:
            payment.url = ""
            move(payment, State.CANCELED, why)


def cancel_unopened(payment_id: int) -> LinkPayment:
    """Ends a payment whose page Stripe never made, unless a call at the same time has got the page since (C5)."""
    with transaction.atomic():
        payment = lock(payment_id)
        if payment.session_id is None:
            cancel(payment.pk, "Stripe never made its page")
        return payment


def confirm_return(link: PaymentLink, session_id: str) -> LinkPayment | None:
    """The payer comes back: the Session is looked up and settled when it is of this link (C7)."""
    payment = link.payments.filter(session_id=session_id).first()
    if payment is None:
        return None
    if payment.state in LinkPayment.OPEN:
        settle(gateway.retrieve_session(session_id))
        payment.refresh_from_db()
    return payment
