"""Balance transactions: what each charge, refund and dispute moved, with fees as for European cards."""

from sandbox.world import Object, World, new_id, now

SECONDS_UNTIL_AVAILABLE = 7 * 86_400


def fee(amount: int) -> int:
    """1.5 % and 25 cents, in cents."""
    return (amount * 15 + 500) // 1000 + 25


def add(world: World, kind: str, source: Object, amount: int, fee_cents: int = 0) -> Object:
    """Books `amount` (negative for money going out) for `source`, whose `balance_transaction` is left to the caller."""
    details = [
        {"amount": fee_cents, "application": None, "currency": source["currency"], "description": "Stripe processing fees",
         "type": "stripe_fee"}
    ]  # fmt: skip
    return world.save(
        {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now() + SECONDS_UNTIL_AVAILABLE,
            "balance_type": "payments",
            "created": now(),
            "currency": source["currency"],
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": fee_cents,
            "fee_details": details if fee_cents else [],
            "net": amount - fee_cents,
            "reporting_category": "dispute" if kind == "adjustment" else kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
            "_payout": None,
        }
    )


def book_charge(world: World, charge: Object) -> None:
    """Gives a succeeded charge its balance transaction."""
    transaction = add(world, "charge", charge, charge["amount"], fee(charge["amount"]))
    charge["balance_transaction"] = transaction["id"]
    world.save(charge)
