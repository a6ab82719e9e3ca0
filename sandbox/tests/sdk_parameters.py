"""Reads the parameters that Stripe's SDK declares and writes them as data/stripe_parameters.json.

The stand-in may not import the SDK, but must refuse what the real API refuses: its table of parameters is made from the
SDK's types by `python -m sandbox.tests.sdk_parameters`, and a test compares the two.
"""

import importlib
import json
import types
import typing
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, Union

import typing_extensions

TABLE = Path(__file__).resolve().parent.parent / "data" / "stripe_parameters.json"
CALLS = {
    "checkout.sessions.create": "checkout._session_create_params.SessionCreateParams",
    "checkout.sessions.update": "checkout._session_update_params.SessionUpdateParams",
    "checkout.sessions.list": "checkout._session_list_params.SessionListParams",
    "payment_intents.create": "_payment_intent_create_params.PaymentIntentCreateParams",
    "payment_intents.update": "_payment_intent_update_params.PaymentIntentUpdateParams",
    "payment_intents.confirm": "_payment_intent_confirm_params.PaymentIntentConfirmParams",
    "payment_intents.cancel": "_payment_intent_cancel_params.PaymentIntentCancelParams",
    "payment_intents.retrieve": "_payment_intent_retrieve_params.PaymentIntentRetrieveParams",
    "payment_intents.list": "_payment_intent_list_params.PaymentIntentListParams",
    "payment_methods.create": "_payment_method_create_params.PaymentMethodCreateParams",
    "customers.create": "_customer_create_params.CustomerCreateParams",
    "customers.update": "_customer_update_params.CustomerUpdateParams",
    "customers.list": "_customer_list_params.CustomerListParams",
    "charges.update": "_charge_update_params.ChargeUpdateParams",
    "charges.list": "_charge_list_params.ChargeListParams",
    "refunds.create": "_refund_create_params.RefundCreateParams",
    "refunds.update": "_refund_update_params.RefundUpdateParams",
    "refunds.list": "_refund_list_params.RefundListParams",
    "balance_transactions.list": "_balance_transaction_list_params.BalanceTransactionListParams",
    "events.list": "_event_list_params.EventListParams",
    "webhook_endpoints.create": "_webhook_endpoint_create_params.WebhookEndpointCreateParams",
    "webhook_endpoints.update": "_webhook_endpoint_update_params.WebhookEndpointUpdateParams",
    "webhook_endpoints.list": "_webhook_endpoint_list_params.WebhookEndpointListParams",
    "disputes.update": "_dispute_update_params.DisputeUpdateParams",
    "disputes.list": "_dispute_list_params.DisputeListParams",
    "payouts.create": "_payout_create_params.PayoutCreateParams",
    "payouts.list": "_payout_list_params.PayoutListParams",
}
METHODS = {"card", "mb_way", "multibanco", "link"}  # of the many payment methods, those that a Portuguese shop meets
PER_METHOD = {"payment_method_options", "payment_method_data"}
METHOD_KEYS = METHODS | {"type", "billing_details", "metadata", "allow_redisplay", "radar_options", "payment_method"}
OPTION_KEYS = {"api_key", "idempotency_key", "stripe_account", "stripe_context", "stripe_version", "headers"}
OPTION_KEYS |= {"max_network_retries", "content_type"}


def table() -> dict[str, dict[str, Any]]:
    """Per call: parameter -> rule. A rule is a dict whose `is` names the kind; see sandbox/stripe_api/parameters.py."""
    result = {}
    for call, path in CALLS.items():
        module_name, name = path.rsplit(".", 1)
        module = importlib.import_module(f"stripe.params.{module_name}")
        fields = _fields(getattr(module, name), vars(module))
        if call == "payment_methods.create":
            fields = {key: rule for key, rule in fields.items() if key in METHOD_KEYS | {"customer", "expand"}}
        result[call] = fields
    return result


def _fields(declared: type, names: dict[str, Any]) -> dict[str, Any]:
    fields = {}
    for key, annotation in declared.__annotations__.items():
        if key in OPTION_KEYS:
            continue
        annotation = _evaluated(annotation, names)
        origin: Any = typing.get_origin(annotation)
        required = origin is not NotRequired
        if origin in (NotRequired, Required):
            annotation = typing.get_args(annotation)[0]
        rule = _rule(annotation, names)
        if key in PER_METHOD and "fields" in rule:
            rule["fields"] = {name: inner for name, inner in rule["fields"].items() if name in METHOD_KEYS}
        fields[key] = rule | ({"required": True} if required else {})
    return fields


def _evaluated(annotation: Any, names: dict[str, Any]) -> Any:
    """The annotation itself, where the SDK wrote it as text."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    return eval(annotation, dict(names)) if isinstance(annotation, str) else annotation  # noqa: S307 - the SDK's own


def _rule(annotation: Any, names: dict[str, Any]) -> dict[str, Any]:
    annotation = _evaluated(annotation, names)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        return _either([_rule(argument, names) for argument in arguments])
    if origin is Literal:
        return {"is": "one_of", "values": [value for value in arguments if value != ""]} | (
            {"empty": True} if "" in arguments else {}
        )
    if origin is list:
        return {"is": "list", "of": _rule(arguments[0], names)}
    if origin is dict or getattr(origin, "__name__", "") == "UntypedStripeObject":
        return {"is": "map"}
    if typing_extensions.is_typeddict(annotation):
        return {"is": "object", "fields": _fields(annotation, names)}
    return {"is": {int: "integer", bool: "boolean", float: "number"}.get(annotation, "text")}


def _either(rules: list[dict[str, Any]]) -> dict[str, Any]:
    """One rule of several: Literal[''] means "may be emptied", `Literal[…]|str` is a closed list at the real API."""
    empty = any(rule.get("empty") for rule in rules)
    rules = [rule for rule in rules if rule != {"is": "one_of", "values": [], "empty": True}]
    kinds = {rule["is"] for rule in rules}
    if "one_of" in kinds and kinds <= {"one_of", "text"}:
        values = [value for rule in rules for value in rule.get("values", [])]
        chosen: dict[str, Any] = {"is": "one_of", "values": values}
    elif "object" in kinds and "integer" in kinds:
        chosen = next(rule for rule in rules if rule["is"] == "object") | {"or": "integer"}
    else:
        chosen = dict(rules[0])
    return chosen | ({"empty": True} if empty else {})


if __name__ == "__main__":
    lines = [f"{json.dumps(call)}: {json.dumps(fields, separators=(',', ':'))}" for call, fields in table().items()]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
