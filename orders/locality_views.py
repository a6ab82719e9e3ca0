"""The town of a postal code, which the delivery form's script asks for and proposes. The form does without it as well."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from addresses import portugal, services
from orders import drafts, limits
from orders.limits import Limit, TooOften

LOOK_UPS = Limit("locality", visitor=30, address=300, seconds=600)  # each may cost the studio a call of Google's


@never_cache
@require_POST
def locality(request: HttpRequest) -> JsonResponse:
    """`{"city": "Lisboa"}`, empty where there is nothing to propose; 429 with Retry-After.

    A POST, so that no log of addresses shows where somebody lives; visitors without a draft get a 404.
    """
    if not request.session.get(drafts.SESSION_KEY):
        return JsonResponse({"city": ""}, status=404)
    try:
        code = portugal.postal_code(request.POST.get("postal_code", ""))
    except ValueError:
        return JsonResponse({"city": ""})
    try:
        limits.take(LOOK_UPS, request)
    except TooOften as problem:
        return JsonResponse({"city": ""}, status=problem.status, headers={"Retry-After": str(problem.wait)})
    return JsonResponse({"city": services.locality(code)})
