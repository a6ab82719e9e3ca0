"""What workers do with uploads: decode each once, ask again for what a killed worker left behind, clear the disk."""

import redis
import structlog
from celery import shared_task

from uploads import append_only_file, decode, receive, stash
from uploads.photo import PhotoGone

OVERDUE_SECONDS = 20

log = structlog.get_logger(__name__)


@shared_task(name="uploads.check_photo", queue="photos", ignore_result=True, soft_time_limit=100, time_limit=120)
def check_photo(draft_id: str, photo_id: str) -> None:
    """Decodes the photo in limits: `ready` with a preview, or `broken`. Running twice is harmless.

    Nothing of a draft is in PostgreSQL, so this is no outbox task: `sweep` re-drives it from Redis.
    """
    photo = stash.find(photo_id)
    if photo is None or photo.state != "checking":
        return
    try:
        preview = decode.shared.preview(stash.chunks(photo_id), photo.bytes)
    except PhotoGone:
        log.info("photo_gone_before_check", photo_id=photo_id)
    except decode.Broken as broken:
        stash.mark_broken(draft_id, photo_id, broken.code)
        log.info("photo_broken", photo_id=photo_id, problem=broken.code, content_type=photo.content_type)
    else:
        stash.save_preview(photo_id, preview.jpeg)
        stash.mark_ready(draft_id, photo_id, width=preview.width, height=preview.height)


@shared_task(name="uploads.sweep", queue="default", ignore_result=True, soft_time_limit=25, time_limit=30)
def sweep() -> int:
    """Asks again for checks that nobody finished, and counts the bytes anew; how many checks were asked for."""
    waiting = stash.overdue(OVERDUE_SECONDS)
    for draft_id, photo_id in waiting:
        receive.ask_for_check(draft_id, photo_id)
    if drift := stash.recount():
        log.warning("staged_bytes_recounted", drift=drift)
    return len(waiting)


@shared_task(
    name="uploads.rewrite_append_only_file",
    queue="default",
    ignore_result=True,
    autoretry_for=(redis.ConnectionError, redis.TimeoutError),
    retry_backoff=30,  # seconds, doubling
    max_retries=5,
    soft_time_limit=25,
    time_limit=30,
)
def rewrite_append_only_file() -> None:
    """Twice a day, so that one missed run leaves expired photos on the disk no longer than a day."""
    try:
        started = append_only_file.rewrite()
    except append_only_file.RewriteRefused as error:
        log.error("append_only_file_not_rewritten", reason=str(error))
        raise
    except redis.RedisError as error:
        log.warning("append_only_file_rewrite_put_off", error=type(error).__name__)
        raise
    log.info("append_only_file_rewrite", started=started)
