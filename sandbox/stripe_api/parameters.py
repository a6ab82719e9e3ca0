"""Checks and converts parameters against the table made from the SDK's types: unknown, missing, wrong are refused."""

import json
from pathlib import Path
from typing import Any

from sandbox.stripe_api.errors import ApiError

TABLE: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parent.parent / "data" / "stripe_parameters.json").read_text(encoding="utf-8")
)
Rule = dict[str, Any]
ONLY_EXPAND: dict[str, Rule] = {"expand": {"is": "list", "of": {"is": "text"}}}


def check(call: str, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of `call` with numbers and booleans converted. Raises ApiError as the real API would."""
    fields = TABLE.get(call, ONLY_EXPAND)
    unknown = _unknown(fields, given, "")
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise ApiError(
            f"Received unknown parameter{plural}: {', '.join(unknown)}", code="parameter_unknown", param=unknown[0]
        )
    return _object(fields, given, "")


def _unknown(fields: dict[str, Rule], given: dict[str, Any], path: str) -> list[str]:
    found = []
    for key, value in given.items():
        name = f"{path}[{key}]" if path else key
        rule = fields.get(key)
        if rule is None:
            found.append(name)
        elif rule["is"] == "object" and isinstance(value, dict):
            found += _unknown(rule["fields"], value, name)
        elif rule["is"] == "list" and rule["of"]["is"] == "object" and isinstance(value, list):
            for place, inner in enumerate(value):
                found += _unknown(rule["of"]["fields"], inner, f"{name}[{place}]") if isinstance(inner, dict) else []
    return found


def _object(fields: dict[str, Rule], given: dict[str, Any], path: str) -> dict[str, Any]:
    for key, rule in fields.items():
        if rule.get("required") and given.get(key) in (None, ""):
            name = f"{path}[{key}]" if path else key
            raise ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return {key: _value(fields[key], value, f"{path}[{key}]" if path else key) for key, value in given.items()}


def _value(rule: Rule, value: Any, name: str) -> Any:
    if value == "":
        if rule.get("empty") or rule["is"] in ("text", "map"):
            return "" if rule["is"] == "text" else {} if rule["is"] == "map" else None
        if rule["is"] in ("list", "object"):
            return [] if rule["is"] == "list" else {}
        raise ApiError(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset.",
            code="parameter_invalid_empty",
            param=name,
        )
    if rule["is"] in ("object", "list", "map") and not (rule.get("or") == "integer" and isinstance(value, str)):
        return _container(rule, value, name)
    if not isinstance(value, str):
        raise ApiError(f"Invalid string: {json.dumps(value)}", param=name, code="parameter_invalid_string")
    return _scalar(rule, value, name)


def _container(rule: Rule, value: Any, name: str) -> Any:
    if rule["is"] == "list":
        if not isinstance(value, list):
            raise ApiError("Invalid array", param=name)
        return [_value(rule["of"], inner, f"{name}[{place}]") for place, inner in enumerate(value)]
    if isinstance(value, list):  # a map whose keys are numbers
        value = {str(place): inner for place, inner in enumerate(value)}
    if not isinstance(value, dict):
        raise ApiError("Invalid object", param=name)
    return _object(rule["fields"], value, name) if rule["is"] == "object" else value


def _scalar(rule: Rule, value: str, name: str) -> Any:
    kind = "integer" if rule.get("or") == "integer" else rule["is"]
    if kind == "integer":
        try:
            return int(value)
        except ValueError:
            raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name) from None
    if kind == "boolean":
        if value not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {value}", param=name)
        return value == "true"
    if kind == "one_of" and value not in rule["values"]:
        raise ApiError(f"Invalid {name}: must be one of {', '.join(map(str, rule['values']))}", param=name)
    return value


def merged_metadata(old: dict[str, str], new: Any) -> dict[str, str]:
    """Metadata after an update: keys given empty are dropped, an empty whole drops all. Raises ApiError past limits."""
    if new is None or new == {}:
        return {} if new == {} else old
    result = old | {str(key): str(value) for key, value in new.items()}
    result = {key: value for key, value in result.items() if value != ""}
    if len(result) > 50:
        raise ApiError("Metadata can have up to 50 keys.", param="metadata")
    for key, value in result.items():
        if len(key) > 40:
            raise ApiError("Metadata keys can have up to 40 characters.", param="metadata")
        if len(value) > 500:
            raise ApiError(f"Metadata values can have up to 500 characters, but you passed in a value that is "
                           f"{len(value)} characters.", param="metadata")  # fmt: skip
    return result
