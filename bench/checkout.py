"""checkout_start: from a draft that is ready to Stripe's page, orders per second, with a Stripe that answers at once.

The floor is the SDK's call alone, with the parameters that the shop sends, and one row inserted and committed. Both run
in one thread of one process, each order with one photo; BENCH_ORDERS makes the orders of a round fewer, for a trial. Uses the
environment's PostgreSQL (migrated) and Redis.
"""

import json
import os
import secrets
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench import answering

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")
os.environ.setdefault("DEMO", "1")

ORDERS = int(os.environ.get("BENCH_ORDERS", "60"))  # fewer for a trial
ROUNDS = 5
TARGET = 0.5
KEY = "sk_test_bench"


def rows() -> list[dict[str, object]]:
    """The row, in the form of bench/results.json; shop and floor take turns, a warm-up round first."""
    with answering.answering(_session) as address:
        os.environ |= {"STRIPE_API_BASE": address, "STRIPE_SECRET_KEY": KEY, "LOG_LEVEL": "WARNING"}
        import django

        django.setup()
        from bench import bare_insert
        from payments import parameters
        from payments.checkout import start_checkout

        sent: list[Any] = []
        remember = parameters.remember

        def watched(idempotency_key: str, params: dict[str, Any]) -> None:
            sent.append(params)
            remember(idempotency_key, params)

        parameters.remember = watched
        bare_insert.make_table()
        try:
            ours, floor = [], []
            for _round in range(ROUNDS + 1):
                drafts = iter(_drafts())
                ours.append(_rate(lambda drafts=drafts: start_checkout(next(drafts), language="pt", terms=True)))  # type: ignore[misc]  # mypy does not infer a lambda with a default
                floor.append(_rate(_bare(address, sent[-1])))
        finally:
            parameters.remember = remember
            bare_insert.drop_table()
    value, bare = statistics.median(ours[1:]), statistics.median(floor[1:])
    ratio = value / bare
    found = {"name": "checkout_start", "value": value, "unit": "orders/s", "floor": bare, "ratio": ratio}
    return [found | {"target": TARGET, "ok": ratio >= TARGET}]


def _rate(once: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _order in range(ORDERS):
        once()
    return ORDERS / (time.perf_counter() - started)


def _drafts() -> list[Any]:
    """Drafts that lack nothing, made before the clock starts."""
    from orders.tests import visitors

    return [visitors.complete(f"{number}.jpg") for number in range(ORDERS)]


def _bare(address: str, params: dict[str, Any]) -> Callable[[], object]:
    import stripe

    from bench.bare_insert import Row

    client = stripe.StripeClient(KEY, base_addresses={"api": address}, http_client=stripe.RequestsClient(timeout=30))

    def call() -> None:
        made = client.v1.checkout.sessions.create(params, {"idempotency_key": secrets.token_hex(16)})  # type: ignore[arg-type]  # as the shop sends them
        Row(body=made.id).save(force_insert=True)

    return call


def _session(_path: str) -> str:
    session = {
        "id": f"cs_test_{secrets.token_hex(20)}",
        "object": "checkout.session",
        "amount_total": 70,
        "currency": "eur",
        "livemode": False,
        "metadata": {},
        "payment_intent": None,
        "payment_status": "unpaid",
        "status": "open",
        "url": "https://checkout.stripe.com/c/pay/bench",
        "custom_text": {f"field_{number}": None for number in range(60)},  # a real one is as long
    }
    return json.dumps(session)
