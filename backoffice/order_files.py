"""Files of orders for staff alone: thumbnails shown, originals and prints only as downloads (S1)."""

from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from orders.models import OrderItem, OrderPhoto
from uploads import storage

THUMBNAIL_SECONDS = 86_400  # pages ask for it with the photo's hash: another photo in its place has another address


def thumbnail(request: HttpRequest, object_id: str, seq: int) -> HttpResponseBase:
    """The re-encoded JPEG thumbnail; 404 while the photo is not stored yet."""
    photo = get_object_or_404(OrderPhoto, order_id=object_id, seq=seq)
    if not photo.thumbnail_key:
        raise Http404
    response = StreamingHttpResponse(_open(photo.thumbnail_key), content_type="image/jpeg")
    response["Cache-Control"] = f"private, max-age={THUMBNAIL_SECONDS}, immutable"
    return response


def original(request: HttpRequest, object_id: str, seq: int) -> HttpResponseBase:
    """The file exactly as the customer uploaded it, as a download that no browser opens in place."""
    photo = get_object_or_404(OrderPhoto, order_id=object_id, seq=seq)
    if not photo.storage_key:
        raise Http404
    return attachment(_open(photo.storage_key), photo.filename or f"{photo.seq}", photo.bytes)


def print_file(request: HttpRequest, object_id: str, item_id: int) -> HttpResponseBase:
    """One print file as a download."""
    item = get_object_or_404(OrderItem, order_id=object_id, pk=item_id)
    if not item.print_key:
        raise Http404
    return attachment(_open(item.print_key), item.print_key.rsplit("/", 1)[-1])


def attachment(
    pieces: Iterator[bytes], filename: str, size: int | None = None, kind: str = "application/octet-stream"
) -> StreamingHttpResponse:
    """A streamed download."""
    response = StreamingHttpResponse(pieces, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=filename) or "attachment"
    response["Cache-Control"] = "private, no-store"
    if size is not None:
        response["Content-Length"] = str(size)
    return response


def storage_away(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        _("The photo store does not answer. Try again in a minute."),
        status=503,
        content_type="text/plain; charset=utf-8",
    )


def _open(key: str) -> Iterator[bytes]:
    try:
        return storage.open_stream(key)
    except storage.ObjectMissing as missing:
        raise Http404(key) from missing
