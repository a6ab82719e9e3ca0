"""Checks values against the TypedDicts that Stripe's SDK declares: unknown keys forbidden, literals enforced (C2).

The SDK writes enumerations as `Literal[…] | str`, which would let any text pass: here the literals alone count.
"""

import sys
import types
import typing
from typing import Any, Literal, NotRequired, Required, Union

import typing_extensions
from stripe._request_options import RequestOptions

PLAIN = {"str": str, "int": int, "bool": bool, "float": float}


def problems(declared: Any, value: Any, path: str = "") -> list[str]:
    """What is wrong with the value, one line each; empty where it fits."""
    if not isinstance(value, dict):
        return [f"{path}: no object"]
    names = vars(sys.modules[declared.__module__])
    options = set(RequestOptions.__annotations__)  # of the call itself, never part of what is sent
    hints = {key: _evaluated(hint, names) for key, hint in declared.__annotations__.items() if key not in options}
    found = [f"{path}.{key}: unknown" for key in value if key not in hints]
    for key, hint in hints.items():
        if typing.get_origin(hint) in (NotRequired, Required):
            hint = typing.get_args(hint)[0]
        elif key not in value and key in declared.__required_keys__:
            found.append(f"{path}.{key}: missing")
        if key in value:
            found += _value(hint, value[key], f"{path}.{key}", names)
    return found


def _evaluated(hint: Any, names: dict[str, Any]) -> Any:
    """The annotation itself, where the SDK wrote it as text."""
    text = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else hint
    return eval(text, dict(names)) if isinstance(text, str) else hint  # noqa: S307 - the SDK's own


def _value(hint: Any, value: Any, path: str, names: dict[str, Any]) -> list[str]:
    hint = _evaluated(hint, names)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        closed = [inner for inner in arguments if typing.get_origin(inner) is Literal]
        choices = [inner for inner in arguments if inner is not str] if closed else list(arguments)
        tried = [_value(inner, value, path, names) for inner in choices]
        return [] if any(not found for found in tried) else min(tried, key=len)
    if origin is Literal:
        return [] if value in arguments else [f"{path}: {value!r} is not one of {arguments}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: no list"]
        return [
            line for place, inner in enumerate(value) for line in _value(arguments[0], inner, f"{path}[{place}]", names)
        ]
    if typing_extensions.is_typeddict(hint):
        return problems(hint, value, path)
    if origin is dict or "UntypedStripeObject" in str(hint):
        texts = isinstance(value, dict) and all(isinstance(inner, str) for inner in value.values())
        return [] if texts else [f"{path}: no mapping of texts"]
    right = type(value) is hint if hint in PLAIN.values() else True
    return [] if right else [f"{path}: {type(value).__name__}, not {hint}"]
