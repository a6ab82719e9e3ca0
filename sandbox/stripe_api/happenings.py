"""Events: a snapshot of an object and, for each endpoint that listens, a delivery for the webhook sender."""

import fnmatch

from sandbox.stripe_api.rendering import public
from sandbox.world import Object, World, new_id, now

API_VERSION = "2026-10-28.endive"
DELIVERY = "sandbox.delivery"


def emit(world: World, kind: str, item: Object, previous: Object | None = None) -> Object:
    """Records that `kind` (such as charge.succeeded) happened to `item`; call it inside `world.change()`."""
    data: Object = {"object": public(item)}
    if previous:
        data["previous_attributes"] = previous
    event: Object = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": world.request_id or None, "idempotency_key": world.request_key or None},
        "type": kind,
    }
    for endpoint in world.all("webhook_endpoint"):
        if endpoint["status"] == "enabled" and any(fnmatch.fnmatchcase(kind, p) for p in endpoint["enabled_events"]):
            event["pending_webhooks"] += 1
            add_delivery(world, event, endpoint)
    return world.save(event)


def add_delivery(world: World, event: Object, endpoint: Object) -> Object:
    """`state` is new, waiting, delivered, dropped or given_up; `next_at` is in Unix seconds with fractions."""
    return world.save(
        {
            "id": new_id("dlv"),
            "object": DELIVERY,
            "event": event["id"],
            "endpoint": endpoint["id"],
            "state": "new",
            "attempts": [],
            "created": now(),
            "next_at": 0.0,
        }
    )


def undelivered(world: World) -> set[str]:
    """Ids of events that some endpoint has not taken: waiting, dropped or given up."""
    return {item["event"] for item in world.all(DELIVERY) if item["state"] != "delivered"}
