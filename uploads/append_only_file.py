"""The append-only file of the photos' Redis: what has expired leaves the disk only when the file is written anew.

Redis does that by itself when the file has grown by half; a quiet shop needs to be told.
"""

import redis
from django.conf import settings


class RewriteRefused(Exception):
    """Redis does not write its file anew: the reason, in its words."""


def rewrite() -> bool:
    """Asks Redis to write the file anew, in the background; False when it has none or is at it already.

    RewriteRefused when Redis will not, or when it failed the last time (the new try is under way then);
    redis.ConnectionError or redis.TimeoutError when it does not answer.
    """
    with redis.Redis.from_url(settings.PHOTOS_REDIS_URL, socket_connect_timeout=3, socket_timeout=10) as client:
        state = client.info("persistence")
        if not state["aof_enabled"] or state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]:
            return False
        try:
            client.bgrewriteaof()
        except redis.ResponseError as error:
            raise RewriteRefused(str(error)) from error
    if state["aof_last_bgrewrite_status"] != "ok":
        raise RewriteRefused("the rewrite before this one failed: see Redis' log, and whether its disk is full")
    return True
