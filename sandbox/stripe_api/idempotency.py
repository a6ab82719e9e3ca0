"""Idempotency keys with Stripe's semantics: the first answer again, also of a 500, for 24 hours.

Nothing is remembered of requests whose parameters were refused, that were limited (429), or that met their own twin.
"""

import hashlib
import json

from sandbox.stripe_api.errors import ApiError
from sandbox.world import Object, World, now

KIND = "sandbox.idempotency"
KEPT_SECONDS = 86_400


class Keys:
    def __init__(self, world: World) -> None:
        self.world = world
        self.running: set[str] = set()

    def begin(self, key: str, path: str, body: str) -> Object | None:
        """The remembered answer, or None after marking the key as running. Raises ApiError 400 or 409."""
        if len(key) > 255:
            raise ApiError("Idempotency keys can be at most 255 characters long.", kind="idempotency_error")
        with self.world.lock:
            record = self.world.get(KIND, key)
            if record and record["created"] < now() - KEPT_SECONDS:
                record = None
            if record and record["path"] != path:
                raise _misused(key, f"for the same endpoint they were first used for ('{record['path']}' vs '{path}')")
            if record and record["params"] != fingerprint(body):
                raise _misused(key, "with the same parameters they were first used with")
            if record:
                return record
            if key in self.running:
                raise ApiError(
                    f"There is currently another in-progress request using this idempotency key ('{key}'). Please try "
                    "again later.",
                    status=409,
                    kind="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self.running.add(key)
            return None

    def remember(self, key: str, path: str, body: str, status: int, answer: Object) -> None:
        record = {"object": KIND, "id": key, "created": now(), "path": path, "params": fingerprint(body)}
        self.world.save(record | {"status": status, "answer": json.loads(json.dumps(answer))})

    def end(self, key: str) -> None:
        with self.world.lock:
            self.running.discard(key)


def fingerprint(body: str) -> str:
    return hashlib.sha256("&".join(sorted(body.split("&"))).encode()).hexdigest()


def _misused(key: str, how: str) -> ApiError:
    return ApiError(
        f"Keys for idempotent requests can only be used {how}. Try using a key other than '{key}' if you meant to "
        "execute a different request.",
        kind="idempotency_error",
    )
