"""The lines of a Checkout Session and the cost of its shipping."""

from typing import Any

from sandbox.stripe_api.errors import ApiError, missing
from sandbox.world import Object, new_id


def build(given: list[dict[str, Any]]) -> tuple[list[Object], str]:
    """Line items and their one currency. Raises ApiError for what Stripe would refuse."""
    if not given:
        raise ApiError("Missing required param: line_items.", code="parameter_missing", param="line_items")
    if len(given) > 100:
        raise ApiError("There can be at most 100 line items.", param="line_items")
    lines = [_line(item, f"line_items[{place}]") for place, item in enumerate(given)]
    currencies = {line["currency"] for line in lines}
    if len(currencies) > 1:
        raise ApiError("All line items must have the same currency.", param="line_items")
    return lines, currencies.pop()


def _line(item: dict[str, Any], name: str) -> Object:
    if item.get("price"):
        raise missing("price", item["price"], f"{name}[price]")
    price = item.get("price_data")
    if not price:
        raise ApiError(f"You must specify either `price` or `price_data` for {name}.", param=name)
    if "quantity" not in item:
        raise ApiError(
            f"Missing required param: {name}[quantity].", code="parameter_missing", param=f"{name}[quantity]"
        )
    quantity, unit, product = item["quantity"], _unit_amount(price, name), price.get("product_data")
    if not 1 <= quantity <= 999_999:
        raise ApiError("This value must be greater than or equal to 1.", code="parameter_invalid_integer",
                       param=f"{name}[quantity]")  # fmt: skip
    if not product:
        raise ApiError(f"You must specify either `product` or `product_data` for {name}[price_data].",
                       param=f"{name}[price_data]")  # fmt: skip
    currency = price["currency"].lower()
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": unit * quantity,
        "amount_tax": 0,
        "amount_total": unit * quantity,
        "currency": currency,
        "description": product["name"],
        "metadata": item.get("metadata") or {},
        "price": {
            "id": new_id("price"), "object": "price", "active": False, "billing_scheme": "per_unit", "currency": currency,
            "livemode": False, "metadata": {}, "product": new_id("prod"), "recurring": None,
            "tax_behavior": price.get("tax_behavior") or "unspecified", "type": "one_time", "unit_amount": unit,
            "unit_amount_decimal": str(unit),
        },
        "quantity": quantity,
        "_detail": product.get("description", ""),
    }  # fmt: skip


def _unit_amount(price: dict[str, Any], name: str) -> int:
    if "unit_amount" not in price:
        raise ApiError(f"Missing required param: {name}[price_data][unit_amount].", code="parameter_missing",
                       param=f"{name}[price_data][unit_amount]")  # fmt: skip
    if price["unit_amount"] < 0:
        raise ApiError("This value must be greater than or equal to 0.", code="parameter_invalid_integer",
                       param=f"{name}[price_data][unit_amount]")  # fmt: skip
    return int(price["unit_amount"])


def shipping_cost(options: list[dict[str, Any]], currency: str) -> Object | None:
    """The first option's cost, since that is the one chosen unless the customer picks another."""
    if not options:
        return None
    rate = options[0].get("shipping_rate_data")
    if not rate:
        raise missing("shipping_rate", options[0].get("shipping_rate", ""), "shipping_options[0][shipping_rate]")
    fixed = rate.get("fixed_amount")
    if not fixed or fixed["currency"].lower() != currency:
        raise ApiError(
            "The shipping rate must have a fixed_amount in the Session's currency.", param="shipping_options"
        )
    amount = fixed["amount"]
    return {"amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "shipping_rate": new_id("shr"),
            "_name": rate["display_name"]}  # fmt: skip
