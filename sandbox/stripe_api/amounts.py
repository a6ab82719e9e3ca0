"""Limits of sums, and the payment methods that a sum in a currency allows."""

from sandbox.stripe_api.errors import ApiError

MINIMUM, MAXIMUM = 50, 99_999_999  # cents
LIMITS = {"card": (50, MAXIMUM), "mb_way": (50, 500_000), "multibanco": (50, 9_999_900)}  # cents, of euros


def check(amount: int, currency: str, param: str) -> None:
    """Raises ApiError when the sum or the currency cannot be charged."""
    if currency not in ("eur", "usd", "gbp", "chf"):
        raise ApiError(f"Invalid currency: {currency}. Stripe currently supports these currencies: eur, usd, gbp, chf",
                       param="currency")  # fmt: skip
    if amount < 1:
        raise ApiError("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=param)
    if amount < MINIMUM:
        raise ApiError(f"Amount must be at least €0.50 {currency}", code="amount_too_small", param=param)
    if amount > MAXIMUM:
        raise ApiError("Amount must be no more than €999,999.99", code="amount_too_large", param=param)


def methods(
    amount: int, currency: str, allowed: list[str] | None = None, excluded: list[str] | None = None
) -> list[str]:
    """Dynamic methods: everything that is switched on, narrowed by the sum, by `allowed` and by `excluded`."""
    result = []
    for name, (least, most) in LIMITS.items():
        fits = name == "card" or (currency == "eur" and least <= amount <= most)
        if fits and (not allowed or name in allowed) and name not in (excluded or []):
            result.append(name)
    return result
