"""POST /webhooks/stripe/: signature, one row, 200. Everything slower happens in a worker (C20)."""

import json
from http import HTTPStatus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments import dispatch, inbox, metrics, signatures
from payments.nudging import nudger

NOSNIFF = {"X-Content-Type-Options": "nosniff"}

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """400 for whatever is not an event signed by Stripe (C12–C16); else 200, also for one that is known already (C17)."""
    body = request.body
    try:
        signatures.verify(body, request.headers.get("Stripe-Signature", ""), settings.STRIPE_WEBHOOK_SECRETS)
        event = json.loads(body.decode("utf-8"))
        if not isinstance(event, dict) or event.get("object") != "event":
            raise inbox.NotAnEvent
        stored = inbox.store(event, body, _correlation_id())
    except signatures.BadSignature as error:
        return _refused(error.reason)
    except (inbox.NotAnEvent, ValueError, RecursionError):
        return _refused("not_an_event")
    if stored == inbox.Stored.NEW:
        nudger.nudge()
    metrics.WEBHOOK_EVENTS.labels(_kind(event), stored.value).inc()
    return HttpResponse("ok", content_type="text/plain", headers=NOSNIFF)


def _refused(reason: str) -> HttpResponse:
    metrics.WEBHOOK_EVENTS.labels("", f"refused_{reason}").inc()
    log.warning("webhook_refused", reason=reason)
    return HttpResponse("refused", status=HTTPStatus.BAD_REQUEST, content_type="text/plain", headers=NOSNIFF)


def _kind(event: dict[str, object]) -> str:
    """A metric's label: only types that Stripe is known to have, so that labels stay few."""
    kind = event.get("type")
    return kind if isinstance(kind, str) and dispatch.known(kind) else "other"


def _correlation_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("correlation_id", ""))
