"""Orders over HTTP: one's own, or one by its signed link."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from orders import drafts, links, services
from orders.api import serializers
from orders.api.order_json import order_json, with_parts
from orders.models import Order
from orders.photo_views import FORM_SCHEMA, AnyParser, take
from uploads import incoming

TOKEN = OpenApiParameter("t", str, description="the token of the order's signed link")


class NewestFirst(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "-id")

    def decode_cursor(self, request: Request) -> Any:
        """As DRF reads it; a position that is no time is a wrong cursor like any other, not found (S5)."""
        cursor: Any = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                at = parse_datetime(cursor.position)
            except ValueError:
                at = None
            if at is None or at.tzinfo is None:
                raise NotFound(self.invalid_cursor_message)
        return cursor


class OrdersView(APIView):
    @extend_schema(
        operation_id="orders_list",
        parameters=[OpenApiParameter("cursor", str)],
        responses=serializers.OrderPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The signed-in customer's orders, newest first; staff with the right to see orders get all of them."""
        if not isinstance(request.user, User):
            raise NotAuthenticated
        pages = NewestFirst()
        page = pages.paginate_queryset(visible_to(request.user), request, view=self) or []
        money = sees_money(request.user)
        return pages.get_paginated_response([order_json(order, money=money) for order in page])


class OrderView(APIView):
    @extend_schema(operation_id="orders_retrieve", parameters=[TOKEN], responses=serializers.OrderSerializer)
    def get(self, request: Request, number: str) -> Response:
        """One order with its events: by the signed link (`?t=`), or one's own."""
        order, money = find(request, number)
        drafts.rotate_after(request._request, order)
        return Response(order_json(order, money=money))


class OrderPhotoView(APIView):
    parser_classes = [AnyParser]

    def get_authenticators(self) -> list[BaseAuthentication]:
        """A signed link needs no session, and so no CSRF token: a foreign site does not know it."""
        return [] if self.request and self.request.GET.get("t") else super().get_authenticators()

    @extend_schema(
        operation_id="orders_photos_create",
        parameters=[TOKEN],
        request={"multipart/form-data": FORM_SCHEMA, "image/*": OpenApiTypes.BINARY},
        responses={201: serializers.OrderSerializer},
    )
    def post(self, request: Request, number: str, seq: int) -> Response:
        """Replaces a photo that the shop asked for (state `needs_photos`); 409 `invalid_transition` for any other."""
        order, money = find(request, number)
        services.demand_asked_for(order, seq)
        got = take(request, order.draft_id)
        services.replace_photo(order, seq, got.photo)
        return Response(order_json(with_parts().get(pk=order.pk), money=money), status=201)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        if response.status_code >= 400:
            incoming.drain(getattr(request, "_request", request))
        return super().finalize_response(request, response, *args, **kwargs)


def find(request: Request, number: str) -> tuple[Order, bool]:
    """The order that this request may see, and whether with prices; else Http404 (C62)."""
    order = links.numbered(with_parts(), number)
    if order is not None and links.check(order, str(request.GET.get("t", ""))):
        return order, True
    if order is not None and isinstance(request.user, User) and visible_to(request.user).filter(pk=order.pk).exists():
        return order, sees_money(request.user)
    raise Http404


def visible_to(user: User) -> QuerySet[Order]:
    """All orders for staff who may view orders, else the user's own."""
    orders = with_parts()
    return orders if user.is_staff and user.has_perm("orders.view_order") else orders.filter(customer=user)


def sees_money(user: User) -> bool:
    return not user.is_staff or user.has_perm("orders.view_money")
