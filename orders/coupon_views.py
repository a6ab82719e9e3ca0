"""The coupon code: a form on the review page, and a call of the API. Guessing codes is limited (orders.limits)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import coupons, drafts, limits
from orders.api.errors import Refusal
from orders.api.serializers import DraftSerializer
from orders.basket import draft_json
from orders.drafts import Draft
from orders.limits import Limit, TooOften
from orders.problems import FieldError, Invalid, Problem
from orders.views import ABOUT_CODE, with_draft

WRONG_CODES = Limit("coupon", visitor=10, address=100, seconds=600)  # only codes that do not hold count
MOST_TYPED = 30  # characters of a refused code that stand in the field again


@require_POST
@with_draft
def coupon(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Enters or, with an empty field, removes the code; the review page says what it takes off, or why it does not hold."""
    code = request.POST.get("code", "")
    try:
        enter(request, draft, code)
    except Problem as problem:
        messages.error(request, str(problem.detail), extra_tags=f"{ABOUT_CODE} {code.strip()[:MOST_TYPED]}")
    else:
        said = _("The code is applied.") if code.strip() else _("The code is removed.")
        messages.success(request, said, extra_tags=ABOUT_CODE)
    return redirect(f"{reverse('review')}#coupon")  # on a phone the field is screens below the top


def enter(request: HttpRequest, draft: Draft, code: str) -> Draft:
    """The draft with the code, or without one where it is empty. Raises TooOften, CouponRefused.

    A try is counted before the code is looked up, so that tries made at once cannot slip through together, and given
    back where the code holds.
    """
    if not coupons.spelled(code):
        return drafts.set_coupon(draft, "")
    tried = limits.take(WRONG_CODES, request)
    draft = drafts.set_coupon(draft, code)
    limits.give_back(tried)
    return draft


class CouponRequestSerializer(s.Serializer[object]):
    code = s.CharField(allow_blank=True, max_length=60, help_text="empty: no coupon")


class CouponView(APIView):
    @extend_schema(operation_id="drafts_coupon_update", request=CouponRequestSerializer, responses=DraftSerializer)
    def put(self, request: Request, draft_id: str) -> Response:
        """Enters a coupon code, or removes it. 422: coupon_unknown, coupon_not_yet, coupon_expired, coupon_used_up,
        coupon_minimum; 429 too_many_tries after ten wrong codes in ten minutes; the draft then stays as it was."""
        draft = drafts.for_request(request._request, draft_id)
        code = request.data.get("code") if isinstance(request.data, dict) else None
        if not isinstance(code, str):
            raise Invalid({"code": [FieldError("invalid", _("Please send the code as text."))]})
        try:
            return Response(draft_json(enter(request._request, draft, code)))
        except TooOften as problem:
            raise Refusal(problem.status, problem.code, str(problem.detail), wait=problem.wait) from problem
