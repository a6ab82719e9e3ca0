"""C52: payments and refunds that have waited for word longer than they should; Stripe is asked for each."""

import datetime

import structlog
from django.utils import timezone

from orders.problems import Problem
from payments import (
    at_stripe_links,
    attempts,
    books,
    checkout,
    dispatch,
    gateway,
    link_disputes,
    link_payments,
    link_refunds,
    refunds,
)
from payments.confirmation import NotVisibleYet, settle_session
from payments.models import Dispute, LinkPayment, LinkRefund, PaymentAttempt, Refund
from payments.models.refund import DISPUTE_OVER
from payments.problems import PaymentServiceUnavailable

OLD = datetime.timedelta(hours=1)
WAITING = (Refund.State.CREATED, Refund.State.PENDING)

log = structlog.get_logger(__name__)


def attempts_open() -> int:
    """Settles open attempts; how many were looked at. A page that is still open stays open. Raises GatewayUnavailable."""
    old = PaymentAttempt.objects.filter(state__in=attempts.OPEN, created_at__lt=timezone.now() - OLD)
    count = 0
    for attempt in old.exclude(method=PaymentAttempt.Method.DEMO).order_by("pk").iterator():
        try:
            _settle(attempt)
        except (gateway.GatewayRefused, NotVisibleYet) as error:
            log.warning("attempt_not_settled", payment=attempt.public_id, error=type(error).__name__)
        count += 1
    return count


def links_open() -> int:
    """The same for payments by link."""
    old = LinkPayment.objects.filter(state__in=LinkPayment.OPEN, created_at__lt=timezone.now() - OLD)
    count = 0
    for payment in old.order_by("pk").iterator():
        try:
            _settle_link(payment)
        except gateway.GatewayRefused as error:
            log.warning("link_not_settled", payment=payment.public_id, error=type(error).__name__)
        count += 1
    return count


def _settle_link(payment: LinkPayment) -> None:
    """Where Stripe's answer never came its list tells; what it never made ends once its page would have closed."""
    session_id = payment.session_id
    if session_id is None:
        since = int(payment.created_at.timestamp()) - checkout.CLOCK_SKEW_SECONDS
        made = gateway.find_session(payment.public_id, since)
        if made is None:
            if not at_stripe_links.lasting(payment):
                link_payments.cancel_unopened(payment.pk)
            return
        session_id = made.id
    link_payments.settle(gateway.retrieve_session(session_id))  # with its Intent, and so with its reference (C29)


def _settle(attempt: PaymentAttempt) -> None:
    if attempt.session_id:
        settle_session(attempt.session_id)
    elif attempt.intent_id:
        dispatch.settle_intent(attempt.intent_id)
    else:
        _find(attempt)


def _find(attempt: PaymentAttempt) -> None:
    """It is not known whether Stripe ever made it: the same key, or the list, tells."""
    try:
        made = checkout.open_at_stripe(attempt)
    except PaymentServiceUnavailable as error:
        raise gateway.GatewayUnavailable("unsettled") from error
    except Problem:
        return
    if made is not None and made.stripe_id:
        _settle(made)


def refunds_open() -> int:
    """Refunds that Stripe has not finished, or may never have heard of: looked up before anything is sent again (C43)."""
    waiting = Refund.objects.filter(state__in=WAITING)
    count = 0
    for row in waiting.select_related("attempt").filter(created_at__lt=timezone.now() - OLD).order_by("pk").iterator():
        try:
            refunds.sync(str(row.attempt.intent_id))
            refunds.send(row.pk)  # does nothing unless Stripe has no such refund
        except (gateway.GatewayRefused, NotVisibleYet) as error:
            log.warning("refund_not_settled", refund=row.public_id, error=type(error).__name__)
        count += 1
    return count


def link_refunds_open() -> int:
    """The same for refunds of payments by link."""
    waiting = LinkRefund.objects.filter(state__in=WAITING, created_at__lt=timezone.now() - OLD)
    count = 0
    for row in waiting.select_related("payment").order_by("pk").iterator():
        try:
            if row.state == Refund.State.CREATED:
                link_refunds.send(row.pk)  # looks before it sends
            else:
                link_refunds.sync(str(row.payment.intent_id))
        except gateway.GatewayRefused as error:
            log.warning("link_refund_not_settled", refund=row.public_id, error=type(error).__name__)
        count += 1
    return count


def disputes_open() -> int:
    """Disputes whose end may have been missed."""
    count = 0
    for row in Dispute.objects.exclude(status__in=DISPUTE_OVER).order_by("pk"):
        try:
            books.apply_dispute(gateway.retrieve_dispute(row.provider_id))
        except gateway.GatewayRefused as error:
            log.warning("dispute_not_settled", dispute=row.provider_id, error=type(error).__name__)
        count += 1
    return count


def link_disputes_open() -> int:
    """The same for payments by link: all disputes of those with one that is open."""
    count = 0
    for payment in LinkPayment.objects.exclude(dispute__in=["", *DISPUTE_OVER]).order_by("pk"):
        try:
            for found in gateway.disputes_of(str(payment.intent_id)):
                link_disputes.apply(found)
        except gateway.GatewayRefused as error:
            log.warning("link_dispute_not_settled", payment=payment.public_id, error=type(error).__name__)
        count += 1
    return count
