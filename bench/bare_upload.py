"""The floor of upload_throughput: a bare WSGI application that reads a body and writes the same bytes to Redis."""

import os
import secrets
from collections.abc import Callable, Iterable
from typing import Any

import redis

CLIENT = redis.Redis.from_url(os.environ.get("PHOTOS_REDIS_URL") or os.environ["REDIS_URL"])


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if body:
        CLIENT.set(f"bench:{secrets.token_hex(16)}", body, ex=600)
    start_response("201 Created", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
