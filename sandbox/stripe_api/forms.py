"""Decodes Stripe's form encoding: `line_items[0][price_data][unit_amount]=450` into nested dictionaries and lists."""

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.stripe_api.errors import ApiError


def decode(encoded: str) -> dict[str, Any]:
    """Keys `a[b]`, `a[0]` and `a[]`; values stay text. Raises ApiError for a key that cannot be read."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        head = re.match(r"^[^\[\]]+", key)
        if not head:
            raise ApiError(f"Invalid request: unreadable parameter name {key!r}")
        parts = [head.group(), *re.findall(r"\[([^\[\]]*)\]", key)]
        _place(tree, parts, value, key)
    return {key: _listed(value) for key, value in tree.items()}


def _place(branch: dict[str, Any], parts: list[str], value: str, key: str) -> None:
    for part in parts[:-1]:
        branch = branch.setdefault(part or str(len(branch)), {})
        if not isinstance(branch, dict):
            raise ApiError(f"Invalid request: {key!r} is given both as a value and as a container", param=key)
    branch[parts[-1] or str(len(branch))] = value


def _listed(value: Any) -> Any:
    """Turns {"0": …, "1": …} into a list, at every depth."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(inner) for key, inner in value.items()}
