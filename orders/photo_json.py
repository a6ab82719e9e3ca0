"""A draft's photo as the API shows it (DESIGN §4)."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from uploads.photo import Photo

PROBLEMS = {
    "image_broken": _("This file is damaged or incomplete. Please upload it again or choose another."),
    "image_too_large": _("This picture has too many pixels. Please upload a smaller version."),
    "not_an_image": _("This file is not a picture."),
    "unsupported_type": _("Please upload JPEG, PNG, WebP, HEIC or TIFF."),
}


def photo_json(photo: Photo, duplicate_of: str | None = None) -> dict[str, object]:
    """`problem` is null unless the photo is broken; `duplicate_of` names the first photo with the same bytes."""
    problem = (
        {"code": photo.problem, "detail": str(PROBLEMS.get(photo.problem, PROBLEMS["image_broken"]))}
        if photo.problem
        else None
    )
    return {
        "id": photo.id,
        "state": photo.state,
        "problem": problem,
        "filename": photo.filename,
        "content_type": photo.content_type,
        "bytes": photo.bytes,
        "width": photo.width,
        "height": photo.height,
        "sha256": photo.sha256,
        "preview_url": reverse("api:photo-preview", args=[photo.draft_id, photo.id]),
        "expires_at": photo.expires_at,
        "duplicate_of": duplicate_of,
    }
