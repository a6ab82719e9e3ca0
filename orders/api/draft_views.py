"""Drafts over HTTP: thin callers of orders.drafts."""

import functools

from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import drafts, limits
from orders.api import serializers
from orders.basket import draft_json
from orders.problems import FieldError, Invalid


class DraftsView(APIView):
    @extend_schema(operation_id="drafts_create", request=None, responses={201: serializers.DraftSerializer})
    def post(self, request: Request) -> Response:
        """Starts a new, empty draft; a visitor's session has it from then on as `current`."""
        return Response(draft_json(drafts.start_for(request)), status=201)


class DraftView(APIView):
    @extend_schema(operation_id="drafts_retrieve", responses=serializers.DraftSerializer)
    def get(self, request: Request, draft_id: str) -> Response:
        """The draft. `current` is the visitor's own, made where there is none; sets the CSRF cookie."""
        get_token(request._request)
        return Response(draft_json(drafts.for_request(request, draft_id)))


class ItemsView(APIView):
    @extend_schema(
        operation_id="drafts_items_update",
        request=serializers.ItemRequestSerializer(many=True),
        responses=serializers.DraftSerializer,
    )
    def put(self, request: Request, draft_id: str) -> Response:
        """Replaces all items. A refused change changes nothing."""
        draft = drafts.for_request(request, draft_id)
        return Response(draft_json(drafts.set_items(draft, request.data)))


class DeliveryView(APIView):
    @extend_schema(
        operation_id="drafts_delivery_update",
        request=serializers.DeliveryRequestSerializer,
        responses=serializers.VerdictSerializer,
    )
    def put(self, request: Request, draft_id: str) -> Response:
        """Checks and keeps where the order goes. 422: address_not_found, address_ambiguous (with `candidates`),
        address_not_in_portugal; 429 too_many_tries after thirty new addresses in ten minutes, with Retry-After.
        A `suggested` address needs `keep` or `use_suggestion` before it can be paid for."""
        draft = drafts.for_request(request, draft_id)
        if not isinstance(request.data, dict):
            raise Invalid({"non_field_errors": [FieldError("invalid", "Please send an object.")]})
        asking = functools.partial(limits.counted, limits.ADDRESSES, request._request)
        draft = drafts.set_delivery(draft, request.data, asking)
        verdict = draft.address or {}
        return Response(
            {
                "verdict": verdict["kind"],
                "formatted_address": verdict["formatted_address"],
                "suggestion": verdict["suggestion"],
                "flagged": verdict["flagged"],
                "draft": draft_json(draft),
            }
        )
