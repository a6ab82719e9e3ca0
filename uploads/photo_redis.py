"""The Redis that holds photos: its connection, its script, its errors by name. Only uploads.stash and photo_writer use it."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings

from uploads.photo import StashUnavailable, StorageFull

_SCRIPT = Path(__file__).with_name("stash.lua").read_text(encoding="utf-8")


def chunk_key(photo_id: str, number: int) -> str:
    """Where a photo's chunk lies, counted from 0."""
    return f"photo:{photo_id}:{number}"


def call(operation: str, *arguments: object) -> Any:
    """One atomic operation of stash.lua. Raises StorageFull or StashUnavailable."""
    with named_errors():
        return _script(settings.PHOTOS_REDIS_URL)(args=[operation, *arguments])


def client() -> Any:  # the stubs take every answer for text or bytes; here all are bytes
    """The photos' Redis. Its errors are Redis' own: use it inside `named_errors`."""
    return _connect(settings.PHOTOS_REDIS_URL)


@functools.cache
def _connect(url: str) -> Any:
    return redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10)


@functools.cache
def _script(url: str) -> Any:
    return _connect(url).register_script(_SCRIPT)


@contextlib.contextmanager
def named_errors() -> Iterator[None]:
    """Turns Redis' errors into StorageFull and StashUnavailable."""
    try:
        yield
    except redis.OutOfMemoryError as error:
        raise StorageFull from error
    except redis.ResponseError as error:
        if "OOM" in str(error):  # as a script reports it
            raise StorageFull from error
        raise
    except (redis.RedisError, OSError) as error:
        raise StashUnavailable(type(error).__name__) from error
