"""Every refusal of the API in drf-standardized-errors' form, with keys like `missing` and `candidates` beside `errors`."""

from typing import Any

import redis
import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import UnreadablePostError
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions
from rest_framework.response import Response

from addresses.services import AddressError
from orders.problems import Errors, Invalid, Problem
from uploads.photo import StashUnavailable, StorageFull, TooManyPhotos

RETRY_SECONDS = 30
OUTAGES = (StashUnavailable, redis.RedisError, OperationalError, InterfaceError)  # of Redis and PostgreSQL

log = structlog.get_logger(__name__)


class Refusal(exceptions.APIException):
    """Any refusal with a status, a stable code, a sentence, and extra keys for the top of the body."""

    def __init__(
        self, status: int, code: str, detail: str, extra: dict[str, object] | None = None, wait: int | None = None
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.extra = extra or {}
        self.wait = wait  # seconds, for Retry-After


class ProblemHandler(ExceptionHandler):
    """Turns the refusals that services raise into answers."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        return super().convert_known_exceptions(as_api_exception(exc))

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """An outage that the customer is told about is no crash: the service that noticed it has logged it."""
        if not isinstance(exc, Refusal):
            super().report_exception(exc, response)


class ProblemFormatter(ExceptionFormatter):
    def format_error_response(self, error_response: Any) -> Any:
        body = super().format_error_response(error_response) | getattr(self.exc, "extra", {})
        for error in body["errors"]:  # it may quote half a surrogate pair, which no answer can carry (S5)
            error["detail"] = str(error["detail"]).encode("utf-8", "replace").decode()
        return body


def as_api_exception(error: Exception) -> Exception:
    """The API's exception for a service's refusal; anything else unchanged."""
    if isinstance(error, Invalid):
        return exceptions.ValidationError(_details(error.errors))
    if isinstance(error, Problem | AddressError):
        wait = RETRY_SECONDS if error.status == 503 else getattr(error, "wait", None)
        return Refusal(error.status, error.code, str(error.detail), error.extra, wait)
    if isinstance(error, StorageFull):
        detail = _("So many photos are being ordered that there is no room left. Please try again in a few minutes.")
        return Refusal(503, "storage_full", str(detail), wait=RETRY_SECONDS)
    if isinstance(error, TooManyPhotos):
        return Refusal(409, "too_many_photos", str(_("This order has as many photos as one order can have.")))
    if isinstance(error, RequestDataTooBig):
        return Refusal(413, "too_large", str(_("That is more than the shop can take at once.")))
    if isinstance(error, UnreadablePostError):  # cut off, or given up (photoorders.patience)
        return Refusal(400, "interrupted", str(_("The upload was interrupted. Please try again.")))
    if isinstance(error, OUTAGES):
        log.warning("outage", kind=type(error).__name__)
        detail = _("The shop is catching its breath. Nothing was lost: please try again in a moment.")
        return Refusal(503, "service_unavailable", str(detail), wait=RETRY_SECONDS)
    return error


def _details(errors: Errors | list[Errors]) -> Any:
    if isinstance(errors, list):
        return [_details(row) for row in errors]
    return {name: [exceptions.ErrorDetail(str(error), error.code) for error in found] for name, found in errors.items()}
