"""Events: retrieve and list, by type, time, and whether every endpoint took them."""

import fnmatch
from typing import Any

from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import undelivered
from sandbox.stripe_api.rendering import find, page
from sandbox.world import Object, World, now

KEPT_SECONDS = 30 * 86_400


def retrieve(world: World, params: dict[str, Any], event_id: str) -> Object:
    return find(world, "event", event_id)


def listed(world: World, params: dict[str, Any]) -> Object:
    if params.get("type") and params.get("types"):
        raise ApiError("You may only specify one of these parameters: type, types.", param="types")
    patterns = params.get("types") or ([params["type"]] if params.get("type") else ["*"])
    oldest, wanted = now() - KEPT_SECONDS, params.get("delivery_success")
    failed = undelivered(world) if wanted is not None else set()

    def keep(item: Object) -> bool:
        if item["created"] <= oldest or (wanted is not None and (item["id"] not in failed) != wanted):
            return False
        return any(fnmatch.fnmatchcase(item["type"], pattern) for pattern in patterns)

    return page(world.all("event"), params, "/v1/events", keep=keep)
