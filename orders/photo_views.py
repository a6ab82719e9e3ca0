"""A draft's photos over HTTP: streamed in, shown as previews, taken out. API and the form for pages without JavaScript."""

import re
from urllib.parse import unquote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import drafts, form_files
from orders.api import serializers
from orders.api.errors import Refusal, as_api_exception
from orders.form_files import FILE_FIELD
from orders.photo_json import photo_json
from orders.problems import DraftOrdered, Problem
from uploads import incoming, receive, stash
from uploads.photo import Photo, StashError, UploadLost

RETRY_SECONDS = 1  # a preview is usually there by then
FORM_SCHEMA = {
    "type": "object",
    "properties": {FILE_FIELD: {"type": "string", "format": "binary"}},
    "required": [FILE_FIELD],
}


class AnyParser(BaseParser):
    """Lets any content type through; the view streams the body itself."""

    media_type = "*/*"


class PhotosView(APIView):
    parser_classes = [AnyParser]

    @extend_schema(
        operation_id="drafts_photos_create",
        request={"multipart/form-data": FORM_SCHEMA, "image/*": OpenApiTypes.BINARY},
        responses={201: serializers.PhotoSerializer},
    )
    def post(self, request: Request, draft_id: str) -> Response:
        """Adds a photo: a form with the field `file`, or the raw bytes with X-Filename (percent-encoded).

        Photos are listed by X-Position, where it is sent, then by arrival. The same bytes again answer with the first photo, named in `duplicate_of`.
        """
        draft = drafts.for_request(request, draft_id, create=True)
        if draft.ordered:
            raise DraftOrdered
        got = take(request, draft.id)
        return Response(photo_json(got.photo, got.photo.id if got.duplicate else None), status=201)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        if response.status_code >= 400:
            incoming.drain(getattr(request, "_request", request))
        return super().finalize_response(request, response, *args, **kwargs)


class PhotoView(APIView):
    @extend_schema(operation_id="drafts_photos_retrieve", responses=serializers.PhotoSerializer)
    def get(self, request: Request, draft_id: str, photo_id: str) -> Response:
        """The photo with its state: `checking` until a worker has decoded it, then `ready` or `broken`."""
        return Response(photo_json(_photo(drafts.for_request(request, draft_id), photo_id)))

    @extend_schema(operation_id="drafts_photos_destroy", responses={204: None})
    def delete(self, request: Request, draft_id: str, photo_id: str) -> Response:
        """Takes the photo and its prints out of the draft."""
        draft = drafts.for_request(request, draft_id)
        photo = _photo(draft, photo_id)
        drafts.photo_removed(draft, photo.id)
        stash.remove(draft.id, photo.id)
        return Response(status=204)


class PreviewView(APIView):
    @extend_schema(
        operation_id="drafts_photos_preview_retrieve", responses={(200, "image/jpeg"): OpenApiTypes.BINARY, 202: None}
    )
    def get(self, request: Request, draft_id: str, photo_id: str) -> HttpResponse:
        """The upright preview, JPEG without metadata; 202 with Retry-After while checking, 404 when broken."""
        photo = _photo(drafts.for_request(request, draft_id), photo_id)
        if photo.state == "checking":
            return HttpResponse(status=202, headers={"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"})
        jpeg = stash.preview(photo.id) if photo.state == "ready" else None
        if jpeg is None:
            raise Http404
        headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(jpeg, content_type="image/jpeg", headers=headers)


@csrf_exempt  # checked below, by the token that stands before the files, before any file's bytes are taken (S7)
@require_POST
def upload_form(request: HttpRequest) -> HttpResponse:
    """The page's form without JavaScript: several files, one message a refused file, then the page again."""
    try:
        _take_form(request)
    except form_files.Forged as error:
        return form_files.forged(request, error)
    except (incoming.Interrupted, UploadLost):
        messages.error(request, _("The upload was interrupted. Please try again."))
    except (Problem, StashError) as error:
        messages.error(request, str(getattr(as_api_exception(error), "detail", error)))
    incoming.drain(request)
    return redirect("home")


def _take_form(request: HttpRequest) -> None:
    files = 0
    for part in form_files.checked(request):
        files += 1
        draft = drafts.for_request(request, "current", create=True)
        try:
            receive.receive(draft.id, part.pieces, filename=part.filename or "")
        except receive.UploadRefused as error:
            messages.error(request, error.detail)
    if not files:
        messages.error(request, _("No file arrived. Please choose a photo and try again."))


def take(request: Request, draft_id: str) -> receive.Received:
    """The body of an API request, a form with the field `file` or raw bytes, as a photo of the draft; raises Refusal."""
    http = request._request
    name = unquote(request.headers.get("X-Filename", ""))
    try:
        return _receive_form(http, draft_id) if incoming.is_form(http) else _receive_raw(http, draft_id, name)
    except receive.UploadRefused as error:
        raise Refusal(error.status, error.code, error.detail) from error
    except (incoming.Interrupted, UploadLost) as error:
        raise Refusal(400, "interrupted", _("The upload was interrupted. Please try again.")) from error


def _receive_raw(request: HttpRequest, draft_id: str, name: str) -> receive.Received:
    size, place = incoming.length(request), _position(request)
    return receive.receive(draft_id, incoming.body(request), filename=name, declared_bytes=size, position=place)


def _position(request: HttpRequest) -> int:
    """Where among the draft's photos the customer picked it, by X-Position; 0 where nobody says."""
    text = request.headers.get("X-Position", "")
    return int(text) if re.fullmatch(r"\d{1,6}", text, re.ASCII) else 0


def _receive_form(request: HttpRequest, draft_id: str) -> receive.Received:
    """The first file in the field `file`."""
    for part in incoming.parts(request):
        if part.name == FILE_FIELD and part.filename is not None:
            size = incoming.length(request)
            return receive.receive(draft_id, part.pieces, filename=part.filename, declared_bytes=size)
    raise receive.UploadRefused("empty", "")


def _photo(draft: drafts.Draft, photo_id: str) -> Photo:
    photo = stash.get(draft.id, photo_id)
    if photo is None:
        raise Http404
    return photo
