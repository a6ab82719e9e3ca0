"""One upload, from its bytes as they arrive to a photo of the draft in state `checking`, or a refusal that says why."""

from collections.abc import Iterable
from typing import NamedTuple

import structlog
from celery import current_app
from django.conf import settings
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from uploads import metrics, stash, structure
from uploads.filenames import display_name
from uploads.formats.source import Source
from uploads.photo import Photo

log = structlog.get_logger(__name__)

STATUSES = {"file_too_large": 413, "unsupported_type": 415}  # the others: 400


class UploadRefused(Exception):
    """The file is not taken; `detail` is a translated sentence that names it, `code` and `status` are the API's."""

    def __init__(self, code: str, filename: str) -> None:
        self.code = code
        self.status = STATUSES.get(code, 400)
        sentence = _sentence("no_file" if code == "empty" and not filename else code)
        self.detail = sentence % {"name": filename, "megabytes": settings.UPLOAD_MAX_FILE_MB}
        super().__init__(code)


class Received(NamedTuple):
    """The photo, and whether the draft had it before."""

    photo: Photo
    duplicate: bool


def receive(
    draft_id: str, pieces: Iterable[bytes], *, filename: str, declared_bytes: int = 0, position: int = 0
) -> Received:
    """Streams the pieces into Redis, looks at the structure, and makes them a photo of the draft.

    Never holds more than a few chunks. Whatever goes wrong, the connection breaking off included (`pieces` raises),
    leaves nothing behind (U3). The same bytes twice give the first photo (U4). Raises UploadRefused, and stash's
    StorageFull, TooManyPhotos, UploadLost, StashUnavailable.
    """
    name = display_name(filename)
    limit = settings.UPLOAD_MAX_FILE_MB * 1024 * 1024
    if declared_bytes > limit + 1_000_000:  # a multipart body is a little longer than its file
        raise UploadRefused("file_too_large", name)
    with stash.open_writer(draft_id, min(declared_bytes, limit)) as writer:
        head = bytearray()
        for piece in pieces:
            if len(head) < structure.HEAD_BYTES:
                head += piece[: structure.HEAD_BYTES - len(head)]
            writer.write(piece)
            if writer.bytes > limit:
                raise UploadRefused("file_too_large", name)
        if not writer.bytes:
            raise UploadRefused("empty", name)
        writer.close()
        try:
            found = structure.inspect(Source(writer.bytes, bytes(head), writer.read_at), settings.UPLOAD_MAX_PIXELS)
        except structure.Refused as refusal:
            raise UploadRefused(refusal.code, name) from refusal
        photo = writer.commit(
            filename=name,
            content_type=found.content_type,
            width=found.width,
            height=found.height,
            orientation=found.orientation,
            position=position,
        )
        metrics.BYTES.inc(writer.bytes)
    duplicate = photo.id != writer.photo_id
    if not duplicate:
        ask_for_check(photo.draft_id, photo.id)
    return Received(photo, duplicate)


def ask_for_check(draft_id: str, photo_id: str) -> None:
    """Hands the photo to a worker. A broker that is away is no reason to refuse: the sweep asks again."""
    try:
        current_app.send_task("uploads.check_photo", args=[draft_id, photo_id], queue="photos", retry=False)
    except (OperationalError, OSError) as error:
        log.warning("photo_check_not_sent", error=type(error).__name__)


def _sentence(code: str) -> str:
    return {
        "empty": _("“%(name)s” is empty. Please choose it again, or another file."),
        "not_an_image": _("“%(name)s” is not a picture. Please upload JPEG, PNG, WebP, HEIC or TIFF."),
        "unsupported_type": _(
            "“%(name)s” is of a kind that cannot be printed. Please upload JPEG, PNG, WebP, HEIC or TIFF, not animated."
        ),
        "image_broken": _("“%(name)s” is damaged or incomplete. Please upload it again, or choose another photo."),
        "image_too_large": _("“%(name)s” has too many pixels. Please upload a smaller version."),
        "file_too_large": _("“%(name)s” is larger than %(megabytes)s MB. Please upload a smaller version."),
        "no_file": _("No file arrived. Please choose a photo and try again."),
        "interrupted": _("The upload of “%(name)s” was interrupted. Please try again."),
    }[code]
