"""The API's payment calls: thin callers of payments.services."""

import hashlib
import re
from typing import cast

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from orders import drafts
from payments import link_refunds, serializers
from payments.models import LinkPayment, PaymentAttempt
from payments.refunds import refund
from payments.services import start_checkout

VIEW_MONEY, REFUND = "orders.view_money", "orders.refund_order"


class CheckoutView(APIView):
    @extend_schema(
        operation_id="drafts_checkout_create",
        request=serializers.CheckoutRequestSerializer,
        responses={201: serializers.CheckoutSerializer},
    )
    def post(self, request: Request, draft_id: str) -> Response:
        """Freezes the draft into an order and opens the page where it is paid. Asked again unchanged: the same answer.

        409 `draft_incomplete` (with `missing`), `draft_expired`, `draft_ordered`, `terms_not_accepted`; 503
        `payment_service_unavailable`, and everything is kept.
        """
        asked = serializers.CheckoutRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        draft = drafts.for_request(request._request, draft_id)
        started = start_checkout(
            draft,
            asked.validated_data["method"],
            language=(get_language() or "pt")[:2],
            terms=asked.validated_data["accept_terms"],
        )
        body = {
            "order": started.order.number,
            "url": started.url,
            "client_secret": started.client_secret or None,
            "order_url": started.order_url,
        }
        return Response(body, status=201)


class PaymentView(APIView):
    @extend_schema(operation_id="payments_retrieve", responses=serializers.PaymentSerializer)
    def get(self, request: Request, payment_id: str) -> Response:
        """Staff: one payment with what happened to it."""
        attempt = _for_staff(request, payment_id, VIEW_MONEY)
        return Response(serializers.PaymentSerializer(attempt).data)


class RefundsView(APIView):
    @extend_schema(
        operation_id="payments_refunds_create",
        request=serializers.RefundRequestSerializer,
        responses={201: serializers.RefundSerializer},
    )
    def post(self, request: Request, payment_id: str) -> Response:
        """Staff: refunds the amount, or all that is left. 409 `over_refund`, `not_refundable`. With an
        `Idempotency-Key` a repeated call is the same refund (C33); 422 `idempotency_key_reused` where amount or
        reason are others."""
        attempt = _for_staff(request, payment_id, REFUND)
        asked = serializers.RefundRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = refund(
            attempt.pk,
            asked.validated_data.get("amount_cents"),
            reason=asked.validated_data["reason"],
            actor=cast(User, request.user),
            key=_key(attempt.pk, request.headers.get("Idempotency-Key", "")),
        )
        return Response(serializers.RefundSerializer(made).data, status=201)


class LinkRefundsView(APIView):
    @extend_schema(
        operation_id="link_payments_refunds_create",
        request=serializers.RefundRequestSerializer,
        responses={201: serializers.LinkRefundSerializer},
    )
    def post(self, request: Request, payment_id: str) -> Response:
        """Staff: refunds the amount of a payment by link, or all that is left; a worker sends it, so it is answered as
        `created`. 409 `over_refund`, `not_refundable`. With an `Idempotency-Key` a repeated call is the same refund (C33);
        422 `idempotency_key_reused` where amount or reason are others."""
        _demand_staff(request, payment_id, REFUND)
        payment = get_object_or_404(LinkPayment, public_id=payment_id)
        asked = serializers.RefundRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = link_refunds.refund(
            payment.pk,
            asked.validated_data.get("amount_cents"),
            reason=asked.validated_data["reason"],
            actor=cast(User, request.user),
            key=_key(payment.public_id, request.headers.get("Idempotency-Key", "")),
        )
        return Response(serializers.LinkRefundSerializer(made).data, status=201)


def _key(payment: int | str, given: str) -> str:
    """The caller's key, of any length and the payment's own, in the 64 characters of the column; "" without one (C59)."""
    return hashlib.sha256(f"{payment}:{given}".encode()).hexdigest() if given else ""


def _demand_staff(request: Request, payment_id: str, permission: str) -> None:
    """Staff who may, and an id that can be one; to everybody else the payment does not exist (C62)."""
    user = request.user
    if not (user.is_authenticated and user.is_staff and user.has_perm(permission)):
        raise Http404
    if not re.fullmatch(r"\w{1,40}", payment_id, re.ASCII):  # PostgreSQL takes no NUL (S5)
        raise Http404


def _for_staff(request: Request, payment_id: str, permission: str) -> PaymentAttempt:
    """The payment, for staff who may."""
    _demand_staff(request, payment_id, permission)
    attempt = PaymentAttempt.objects.select_related("order").prefetch_related("events").filter(public_id=payment_id)
    found = attempt.first()
    if found is None:
        raise Http404
    return found
