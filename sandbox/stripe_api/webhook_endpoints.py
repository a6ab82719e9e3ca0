"""Webhook endpoints: where events are sent, and which. The secret is shown once, at creation."""

from typing import Any

from sandbox.stripe_api.errors import ApiError
from sandbox.stripe_api.happenings import API_VERSION
from sandbox.stripe_api.parameters import merged_metadata
from sandbox.stripe_api.rendering import find, page, public
from sandbox.world import Object, World, new_id, now

FIRST = "we_sandbox_command_line"


def _endpoint(endpoint_id: str, url: str, events: list[str], secret: str) -> Object:
    return {
        "id": endpoint_id, "object": "webhook_endpoint", "api_version": API_VERSION, "application": None, "created": now(),
        "description": None, "enabled_events": events, "livemode": False, "metadata": {}, "status": "enabled", "url": url,
        "_secret": secret,
    }  # fmt: skip


def register_first(world: World, url: str, secret: str) -> None:
    """The endpoint from the command line: always there, always with the address and secret given now."""
    old = world.get("webhook_endpoint", FIRST)
    with world.change():
        if url and not old:
            world.save(_endpoint(FIRST, url, ["*"], secret))
        elif url and old:
            world.save(old | {"url": url, "_secret": secret})
        elif old:
            world.forget(old)


def create(world: World, params: dict[str, Any]) -> Object:
    _check_url(params["url"])
    endpoint = _endpoint(new_id("we"), params["url"], params["enabled_events"], new_id("whsec", 32))
    endpoint |= {"description": params.get("description"), "metadata": merged_metadata({}, params.get("metadata"))}
    world.save(endpoint)
    return public(endpoint) | {"secret": endpoint["_secret"]}


def retrieve(world: World, params: dict[str, Any], endpoint_id: str) -> Object:
    return find(world, "webhook_endpoint", endpoint_id)


def update(world: World, params: dict[str, Any], endpoint_id: str) -> Object:
    endpoint = find(world, "webhook_endpoint", endpoint_id)
    if "url" in params:
        _check_url(params["url"])
    endpoint |= {name: params[name] for name in ("url", "enabled_events", "description") if name in params}
    endpoint["metadata"] = merged_metadata(endpoint["metadata"], params.get("metadata"))
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return world.save(endpoint)


def delete(world: World, params: dict[str, Any], endpoint_id: str) -> Object:
    world.forget(find(world, "webhook_endpoint", endpoint_id))
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def listed(world: World, params: dict[str, Any]) -> Object:
    return page(world.all("webhook_endpoint"), params, "/v1/webhook_endpoints")


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ApiError(
            "Invalid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param="url"
        )
