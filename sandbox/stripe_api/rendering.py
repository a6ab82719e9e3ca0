"""Objects as the API shows them: without inner fields, with `expand[]` followed, lists page by page."""

import copy
from collections.abc import Callable
from typing import Any

from sandbox.stripe_api.errors import ApiError, missing
from sandbox.world import Object, World

Keep = Callable[[Object], bool]
PREFIXES = {  # what an id points to
    "cs": "checkout.session", "pi": "payment_intent", "pm": "payment_method", "cus": "customer", "ch": "charge",
    "py": "charge", "re": "refund", "txn": "balance_transaction", "du": "dispute", "po": "payout", "evt": "event",
    "we": "webhook_endpoint",
}  # fmt: skip
INCLUDED = {"checkout.session": {"line_items"}, "charge": {"refunds"}}  # lists that are shown only when asked for


def find(world: World, kind: str, item_id: str, param: str = "id") -> Object:
    """The object itself (not a copy). Raises ApiError 404."""
    item = world.get(kind, item_id)
    if item is None:
        raise missing(kind, item_id, param)
    return item


def public(item: Object) -> Object:
    """A copy without inner fields and unasked lists."""
    hidden = INCLUDED.get(item.get("object", ""), set())
    return {key: copy.deepcopy(value) for key, value in item.items() if key[0] != "_" and key not in hidden}


def listing(items: list[Object], url: str, has_more: bool = False) -> Object:
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def render(world: World, item: Object, expand: list[str]) -> Object:
    """The public copy with every path of `expand` followed; an unknown path is refused."""
    shown = item if item.get("object") == "list" else public(item)
    for path in expand:
        _follow(world, shown, path.split("."), path)
    return shown


def _follow(world: World, shown: Any, parts: list[str], path: str) -> None:
    if not parts or shown is None:
        return
    if isinstance(shown, list):
        for item in shown:
            _follow(world, item, parts, path)
        return
    head, rest = parts[0], parts[1:]
    kind = shown.get("object", "")
    if head in INCLUDED.get(kind, set()) and head not in shown:
        stored = find(world, kind, shown["id"])
        if head == "refunds":
            refunds = [public(r) for r in reversed(world.all("refund")) if r["charge"] == shown["id"]]
            shown[head] = listing(refunds, f"/v1/charges/{shown['id']}/refunds")
        else:
            shown[head] = stored[head] | {"data": [public(line) for line in stored[head]["data"]]}
    if head not in shown:
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    value = shown[head]
    if isinstance(value, str) and value.split("_")[0] in PREFIXES:
        linked = world.get(PREFIXES[value.split("_")[0]], value)
        if linked is not None:
            shown[head] = public(linked)
    _follow(world, shown[head], rest, path)


def page(items: list[Object], params: dict[str, Any], url: str, *fields: str, keep: Keep = lambda item: True) -> Object:
    """One page of `items` (given oldest first), newest first, by limit, starting_after, ending_before and created.

    `fields` are those that must equal the parameter of the same name, when it was given; `keep` chooses further.
    """
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise ApiError("Invalid integer: limit must be between 1 and 100", param="limit")
    wanted = [(field, params[field]) for field in fields if params.get(field) is not None]
    created, cursor = params.get("created"), params.get("ending_before") or params.get("starting_after")
    backwards = bool(params.get("ending_before"))
    ordered = iter(items) if backwards else reversed(items)
    if cursor and not any(item["id"] == cursor for item in ordered):  # moves `ordered` past the cursor
        raise missing("object", cursor, "ending_before" if backwards else "starting_after")
    chosen: list[Object] = []
    for item in ordered:
        fits = all(item[field] == value for field, value in wanted) and _created_within(item, created) and keep(item)
        if fits and len(chosen) == limit:
            return listing(_page_order(chosen, backwards), url, has_more=True)
        if fits:
            chosen.append(item)
    return listing(_page_order(chosen, backwards), url)


def _page_order(chosen: list[Object], backwards: bool) -> list[Object]:
    return [public(item) for item in (reversed(chosen) if backwards else chosen)]


def _created_within(item: Object, created: Any) -> bool:
    if created is None:
        return True
    at = item["created"]
    if isinstance(created, int):
        return bool(at == created)
    tests = {"gt": lambda v: at > v, "gte": lambda v: at >= v, "lt": lambda v: at < v, "lte": lambda v: at <= v}
    return all(tests[name](value) for name, value in created.items())
